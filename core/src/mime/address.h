/* SPDX-License-Identifier: MIT */
/* Address lists: generous reading of RFC 5322 and 6532, strict wire forms. */
#ifndef FCT_MIME_ADDRESS_H
#define FCT_MIME_ADDRESS_H

#include "base/bytes.h"
#include "facteur.h"

enum fct_address_kind { FCT_MAILBOX, FCT_GROUP, FCT_GROUP_END };

typedef struct fct_address {
    enum fct_address_kind kind;
    char *name;    /* display name in clean UTF-8, or NULL */
    char *address; /* a mailbox's wire form "local@domain", see mail.h; else NULL */
} fct_address;

/* In order, the members of a group between its FCT_GROUP and FCT_GROUP_END.  All-zero is empty. */
typedef struct fct_address_list {
    fct_address *items;
    size_t count, cap;
} fct_address_list;

void fct_address_list_done(fct_address_list *list);

/*
 * Append the addresses in `text`: mailboxes and groups, with comments, quoted local parts and the
 * obsolete forms.  A local part that is not a dot-atom ("a..b") is quoted.  A comment after a bare
 * address becomes its display name.
 *
 * field   The `where` of an error.
 *
 * Returns 0, FACTEUR_EMESSAGE with the offset of the fault, or FACTEUR_ENOMEM.  An error leaves the
 * list unchanged.
 */
int fct_address_list_parse(fct_address_list *list, const char *field, fct_slice text,
                           facteur_error **error);

/*
 * Append one mailbox.  `name` is taken as it is, not parsed; an empty one means none.  Errors as
 * above.
 */
int fct_address_list_add(fct_address_list *list, const char *field, fct_slice name,
                         fct_slice address, facteur_error **error);

/* Append the one mailbox that `text` is, with or without a display name.  As above. */
int fct_address_list_add_one(fct_address_list *list, const char *field, fct_slice text,
                             facteur_error **error);

/*
 * Read the addresses of a field that another program wrote into an empty list.  What
 * fct_address_list_parse() reads is read so.  What it refuses is read as people mean it: the text
 * before "<" is a name whatever it holds, semicolons part addresses, a group need not be closed.
 * Each part is still one address to its end.  Names may be missing.
 *
 * 0; FACTEUR_EMESSAGE with the offset, FACTEUR_ENOMEM: the list is empty.
 */
int fct_address_list_parse_foreign(fct_address_list *list, const char *field, fct_slice text,
                                   facteur_error **error);

/* The number of mailboxes in the list, with the members of groups. */
size_t fct_address_list_mailboxes(const fct_address_list *list);
bool fct_address_list_has_groups(const fct_address_list *list);
const fct_address *fct_address_list_first(const fct_address_list *list); /* NULL: none */

/* The part of a wire form after its last "@". */
fct_slice fct_address_domain(const char *address);

/* Append the wire form of the one address in `text`, which may have angle brackets around it. */
int fct_address_parse_one(fct_buf *out, const char *field, fct_slice text, facteur_error **error);

#endif
