/* SPDX-License-Identifier: MIT */
/*
 * The inside of a facteur_message: the fields that were set, already checked, and the frozen mail.
 */
#ifndef FCT_BUILDER_H
#define FCT_BUILDER_H

#include "base/secret.h"
#include "mime/address.h"
#include "mime/content.h"
#include "mime/date.h"
#include "mime/limits.h"
#include "mime/media.h"
#include "mime/message.h"

#include <stdatomic.h>
#include <string.h>

struct fct_body {
    char *text; /* UTF-8 with "\n" line ends; NULL: not set */
    size_t len;
};

/* Another form of the text, beside plain text and HTML. */
struct fct_alternative {
    char *type; /* with charset, and method where it has one */
    struct fct_body body;
};

struct fct_custom {
    char *name;
    char *value;                /* clean text; NULL: see addresses */
    fct_address_list addresses; /* of a header that holds addresses */
};

enum fct_priority { FCT_PRIORITY_NONE, FCT_PRIORITY_HIGH, FCT_PRIORITY_NORMAL, FCT_PRIORITY_LOW };

/* An attachment, or with a content id an inline part. */
struct fct_part {
    char *data; /* NULL: read the file at `path` */
    size_t len;
    char *path; /* NULL: read the spool */
    fct_spool *spool;
    char *name; /* may be NULL */
    char *type;
    char *content_id;  /* as it is on the wire; NULL: an attachment */
    char *content_ref; /* the given id, which the HTML names; NULL: the same */
};

/* The content id that it was given, or NULL. */
static inline const char *fct_part_given_id(const struct fct_part *part)
{
    return part->content_ref ? part->content_ref : part->content_id;
}

/*
 * A message of finished bytes, and the fields that concern its envelope, unfolded.  The mails made
 * of it share it.
 */
struct fct_raw {
    atomic_uint refs;
    fct_buf bytes; /* repaired, without Bcc */
    fct_buf from, sender, recipients;
    char *message_id; /* NULL: the bytes have none */
    bool has_date, has_message_id, has_8bit, has_8bit_header;
    unsigned mended; /* enum fct_mended */
};

struct facteur_message {
    fct_address_list from, sender, reply_to, to, cc, bcc;
    fct_address_list recipients; /* of the envelope alone */
    char *subject;
    char *envelope_from; /* NULL: taken from the fields; "": the null reverse-path */
    char *message_id, *in_reply_to;
    char *references; /* ids without angle brackets, separated by spaces; in_reply_to likewise */
    bool has_date;
    fct_date date;
    struct fct_body text, html;
    struct fct_alternative alternatives[FCT_MAX_ALTERNATIVES];
    size_t alternative_count;
    enum fct_priority priority;
    struct fct_custom *headers;
    size_t header_count, header_cap;
    char *list_unsubscribe; /* URIs, separated by spaces */
    fct_terms terms;
    fct_labels labels;
    struct fct_part *parts;
    size_t part_count, part_cap;
    char *key; /* of facteur_message_key(), or NULL */
    struct fct_raw *raw;
    fct_notes notes;
    facteur_error *unaddressed; /* why its data gives no recipient, or NULL */
    bool is_letter;             /* files may be missing until it is sent */
    /* What freezing made of what was not set; a copy has them from the start. */
    char *made_id; /* of a message that is not frozen yet: see fct_message_made_id() */
    bool has_made_date;
    fct_date made_date;
    fct_secret *smime; /* JSON, for the mailer to read; NULL: the mailer's own */
    fct_mail *frozen;
    fct_mail *sealed; /* the frozen mail as the signer `sealed_by` sealed it, or NULL */
    uint64_t sealed_by;
};

void fct_part_done(struct fct_part *part);
void fct_custom_done(struct fct_custom *custom);
void fct_alternative_done(struct fct_alternative *alternative);

/* Whether this form is poorer than the HTML and so goes before it, not after it. */
bool fct_alternative_is_plain(const struct fct_alternative *alternative);

/* Copy a text and make every line end "\n".  Returns false when memory ran out. */
bool fct_body_copy(struct fct_body *body, fct_slice text);

/* Forget the frozen mail and what freezing made, because a field was set. */
void fct_message_thaw(facteur_message *message);

/*
 * Returns 0, or FACTEUR_EMESSAGE for a message of finished bytes, where only the envelope can be
 * set.
 */
int fct_message_check_open(const facteur_message *message, const char *field,
                           facteur_error **error);

/* Values that freezing decides. */
struct fct_decided {
    const fct_address_list *from;
    const char *message_id;
    fct_date date;
};

/*
 * Write headers and parts.  Returns 0, FACTEUR_ENOMEM, or FACTEUR_EIO (errno has the cause) with
 * `where`.
 */
int fct_message_serialise(const facteur_message *message, const struct fct_decided *decided,
                          fct_content *content, facteur_error **error);

static inline fct_slice fct_argument(const char *value, size_t len)
{
    return (fct_slice){value ? value : "", !value ? 0 : len == FACTEUR_NTS ? strlen(value) : len};
}

#endif
