/* SPDX-License-Identifier: MIT */
/*
 * Writes a built message as bytes, in one pass.  The tree is mixed(related(alternative(text, …,
 * html, …), inline…), attachments…).  A level that is not needed is left out.
 */
#include "mime/builder.h"

#include "base/error.h"
#include "base/shortage.h"
#include "base/memory.h"
#include "mime/content_id.h"
#include "mime/encoding.h"
#include "mime/header.h"
#include "mime/html_text.h"
#include "mime/limits.h"
#include "mime/token.h"

#include <errno.h>

#define PLAIN "text/plain; charset=utf-8"

enum level { MIXED, RELATED, ALTERNATIVE };

struct writer {
    const facteur_message *message;
    fct_content *content;
    fct_buf *out;
    char mark[16]; /* of the boundaries */
    facteur_error **error;
    struct fct_body text, html;
    char *made;   /* the text, when it was made of the HTML */
    char *named;  /* the HTML, when its inline parts have other ids on the wire */
    bool several; /* forms of the text */
    bool single;  /* the only part is the whole message */
};

/* A hash of the message id, as hexadecimal digits. */
static void make_mark(char mark[16], const char *id)
{
    uint64_t hash = 0xcbf29ce484222325U;
    unsigned char bytes[sizeof hash];

    for (; *id; id++)
        hash = (hash ^ (unsigned char)*id) * 0x100000001b3U;
    for (size_t i = sizeof bytes; i; hash >>= 8)
        bytes[--i] = (unsigned char)hash;
    fct_hex(mark, bytes, sizeof bytes);
}

/* ---- Headers --------------------------------------------------------------------------------- */

static void put_token(fct_buf *out, const char *name, const char *before, const char *text,
                      const char *after)
{
    fct_buf_add_text(out, name);
    fct_buf_add_text(out, before);
    fct_buf_add_text(out, text);
    fct_buf_add_text(out, after);
}

static void put_addresses(fct_buf *out, const char *name, const fct_address_list *list)
{
    fct_header header;

    if (!list->count)
        return;
    fct_header_begin(&header, out, name);
    fct_header_addresses(&header, list);
    fct_header_end(&header);
}

/* Write each word in angle brackets, with `glue` (NUL: nothing) between two. */
static void put_angled(fct_buf *out, const char *name, const char *words, char glue)
{
    fct_header header;
    /* Our own ids have a domain of any length. */
    char token[FCT_MAX_URI + FCT_MAX_ID + FCT_MAX_ADDRESS + 2];

    if (!words || !words[0])
        return;
    fct_header_begin(&header, out, name);
    while (*words) {
        size_t len = strcspn(words, " ");

        token[0] = '<';
        memcpy(token + 1, words, len);
        token[len + 1] = '>';
        fct_header_token(&header, (fct_slice){token, len + 2});
        words += len + (words[len] == ' ');
        if (glue && *words)
            fct_header_glue(&header, glue);
    }
    fct_header_end(&header);
}

/* One click unsubscribes only by https (RFC 8058 section 3.1). */
static void put_unsubscribe(fct_buf *out, const char *uris)
{
    put_angled(out, "List-Unsubscribe", uris, ',');
    for (const char *at = uris; at && *at; at += strcspn(at, " "), at += *at == ' ') {
        if (!fct_slice_starts_nocase(fct_slice_of(at), FCT_SLICE("https:")))
            continue;
        fct_buf_add_text(out, "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n");
        return;
    }
}

/* The ids of the thread end with the one that is replied to (RFC 5322 section 3.6.4). */
static void put_references(fct_buf *out, const facteur_message *message)
{
    const char *parent = message->in_reply_to, *ids = message->references;
    size_t len = parent ? strlen(parent) : 0;
    fct_buf all = {0};
    char *text;

    fct_buf_add_text(&all, ids ? ids : "");
    for (const char *at = ids; at && *at; at += strcspn(at, " "), at += *at == ' ') {
        if (strcspn(at, " ") == len && memcmp(at, parent, len) == 0)
            parent = NULL;
        if (!parent)
            break;
    }
    /* With several parents, none of them is the parent (the same section). */
    if (parent && !strchr(parent, ' '))
        fct_buf_addf(&all, "%s%s", all.len ? " " : "", parent);
    text = fct_buf_take(&all, NULL);
    out->failed = out->failed || !text;
    put_angled(out, "References", text, '\0');
    fct_free(text);
    fct_buf_done(&all);
}

/* Three headers, because each mail program reads only some of them. */
static void put_priority(fct_buf *out, enum fct_priority priority)
{
    if (priority == FCT_PRIORITY_HIGH)
        fct_buf_add_text(out, "X-Priority: 1\r\nImportance: high\r\nPriority: urgent\r\n");
    else if (priority == FCT_PRIORITY_LOW)
        fct_buf_add_text(out, "X-Priority: 5\r\nImportance: low\r\nPriority: non-urgent\r\n");
}

/* Words of a structured header (a URL, say) stay whole as long as a line can be. */
static void put_text(fct_buf *out, const char *name, const char *text, size_t word_max)
{
    fct_header header;

    fct_header_begin(&header, out, name);
    fct_header_text(&header, fct_slice_of(text), word_max);
    fct_header_end(&header);
}

static void put_custom(fct_buf *out, const char *name, const char *value)
{
    fct_header header;

    if (!fct_slice_starts_nocase(fct_slice_of(name), FCT_SLICE("List-")) ||
        fct_is_printable(fct_slice_of(value))) {
        put_text(out, name, value, FCT_LINE_MAX - FCT_MAX_HEADER_NAME - 4);
        return;
    }
    fct_header_begin(&header, out, name);
    fct_header_list(&header, fct_slice_of(value));
    fct_header_end(&header);
}

static bool is_sender_told(const facteur_message *message, const fct_address_list *from)
{
    const fct_address *sender = fct_address_list_first(&message->sender);

    return sender && (from->count > 1 || strcmp(sender->address, from->items[0].address) != 0);
}

static void put_headers(struct writer *w, const struct fct_decided *decided)
{
    const facteur_message *message = w->message;
    char date[FCT_DATE_TEXT];

    fct_date_write(date, decided->date);
    put_token(w->out, "Date", ": ", date, "\r\n");
    put_addresses(w->out, "From", decided->from);
    if (is_sender_told(message, decided->from))
        put_addresses(w->out, "Sender", &message->sender);
    put_addresses(w->out, "Reply-To", &message->reply_to);
    put_addresses(w->out, "To", &message->to);
    put_addresses(w->out, "Cc", &message->cc);
    /* Many filters take a message that shows no recipient for junk. */
    if (!message->to.count && !message->cc.count)
        fct_buf_add_text(w->out, "To: undisclosed-recipients:;\r\n");
    if (message->subject)
        put_text(w->out, "Subject", message->subject, FCT_LINE_FOLD - 2);
    put_angled(w->out, "Message-ID", decided->message_id, '\0');
    put_angled(w->out, "In-Reply-To", message->in_reply_to, '\0');
    put_references(w->out, message);
    put_priority(w->out, message->priority);
    put_unsubscribe(w->out, message->list_unsubscribe);
    for (size_t i = 0; i < message->header_count; i++) {
        const struct fct_custom *custom = &message->headers[i];

        if (custom->value)
            put_custom(w->out, custom->name, custom->value);
        else
            put_addresses(w->out, custom->name, &custom->addresses);
    }
    fct_buf_add_text(w->out, "MIME-Version: 1.0\r\n");
}

/* ---- Parts ----------------------------------------------------------------------------------- */

static void put_boundary(struct writer *w, enum level level, const char *before, const char *after)
{
    fct_buf_add_text(w->out, before);
    fct_buf_add(w->out, "=_", 2);
    fct_buf_add(w->out, w->mark, sizeof w->mark);
    fct_buf_add(w->out, (const char[]){'_', (char)('1' + level)}, 2);
    fct_buf_add_text(w->out, after);
}

static void open_multipart(struct writer *w, enum level level, const char *root)
{
    static const char *const subtypes[] = {"mixed", "related", "alternative"};

    put_token(w->out, "Content-Type: multipart/", subtypes[level], ";\r\n", "");
    /* RFC 2387 section 3.1 requires the root's type. */
    if (level == RELATED)
        put_token(w->out, " type=\"", root, "\";\r\n", "");
    put_boundary(w, level, " boundary=\"", "\"\r\n\r\n");
}

static void next_part(struct writer *w, enum level level)
{
    put_boundary(w, level, "--", "\r\n");
}

static void close_multipart(struct writer *w, enum level level)
{
    put_boundary(w, level, "--", "--\r\n");
}

static void put_type(struct writer *w, const char *type, const char *name)
{
    fct_header header;
    fct_slice rest = fct_slice_of(type);

    fct_header_begin(&header, w->out, "Content-Type");
    for (;;) {
        fct_header_token(&header, fct_type_next(&rest));
        if (!rest.len)
            break;
        fct_header_glue(&header, ';');
    }
    if (name)
        fct_header_param_outlook(&header, "name", fct_slice_of(name));
    fct_header_end(&header);
}

static void put_body(struct writer *w, const char *type, const struct fct_body *body)
{
    fct_slice text = {body->text ? body->text : "", body->len};
    enum fct_encoding encoding = fct_encoding_choose(text);

    put_type(w, type, NULL);
    put_token(w->out, "Content-Transfer-Encoding", ": ", fct_encoding_name(encoding), "\r\n\r\n");
    fct_encode_text(w->out, encoding, text);
    /* A boundary's line end is not part of the text, but a whole message must end its last line. */
    if (encoding != FCT_BASE64 && (!w->single || (text.len && text.ptr[text.len - 1] != '\n')))
        fct_buf_add(w->out, "\r\n", 2);
}

static int put_part(struct writer *w, const struct fct_part *part)
{
    fct_header header;
    int result = 0;

    put_type(w, part->type, part->name);
    fct_buf_add_text(w->out, "Content-Transfer-Encoding: base64\r\n");
    if (part->content_id)
        put_token(w->out, "Content-ID: <", part->content_id, ">\r\n", "");
    fct_header_begin(&header, w->out, "Content-Disposition");
    fct_header_token(&header, fct_slice_of(part->content_id ? "inline" : "attachment"));
    if (part->name)
        fct_header_param(&header, "filename", fct_slice_of(part->name));
    fct_header_end(&header);
    fct_buf_add(w->out, "\r\n", 2);
    if (part->data)
        fct_encode_base64(w->out, part->data, part->len);
    else if (part->spool)
        result = fct_content_add_spool(w->content, part->spool);
    else
        result = fct_content_add_file(w->content, part->path);
    if (result == FACTEUR_ELIMIT)
        return fct_shortage_set(w->error, errno);
    if (result == FACTEUR_EIO)
        return fct_file_refuse(part->path, w->error);
    return result;
}

/* ---- The tree -------------------------------------------------------------------------------- */

/* Inline parts belong to the HTML.  Without HTML they are attachments. */
static bool is_related(const facteur_message *message, const struct fct_part *part)
{
    return part->content_id && message->html.text;
}

static size_t count_parts(const facteur_message *message, bool related)
{
    size_t count = 0;

    for (size_t i = 0; i < message->part_count; i++)
        count += is_related(message, &message->parts[i]) == related;
    return count;
}

static int put_parts(struct writer *w, enum level level)
{
    int result = 0;

    for (size_t i = 0; !result && i < w->message->part_count; i++) {
        const struct fct_part *part = &w->message->parts[i];

        if (is_related(w->message, part) != (level == RELATED))
            continue;
        next_part(w, level);
        result = put_part(w, part);
    }
    return result;
}

static size_t count_bodies(const struct writer *w)
{
    return (w->text.text ? 1U : 0U) + (w->message->html.text ? 1U : 0U) +
           w->message->alternative_count;
}

static void put_form(struct writer *w, const char *type, const struct fct_body *body)
{
    if (!body->text)
        return;
    if (w->several)
        next_part(w, ALTERNATIVE);
    put_body(w, type, body);
}

static void put_forms(struct writer *w, bool plain)
{
    const facteur_message *message = w->message;

    for (size_t i = 0; i < message->alternative_count; i++) {
        if (fct_alternative_is_plain(&message->alternatives[i]) == plain)
            put_form(w, message->alternatives[i].type, &message->alternatives[i].body);
    }
}

/* A reader shows the last form that it knows (RFC 2046 section 5.1.4). */
static void put_alternative(struct writer *w)
{
    if (!count_bodies(w)) {
        put_body(w, PLAIN, &w->text);
        return;
    }
    if (w->several) {
        w->single = false;
        open_multipart(w, ALTERNATIVE, NULL);
    }
    put_form(w, PLAIN, &w->text);
    put_forms(w, true);
    put_form(w, "text/html; charset=utf-8", &w->html);
    put_forms(w, false);
    if (w->several)
        close_multipart(w, ALTERNATIVE);
}

static int put_related(struct writer *w)
{
    int result;

    if (!count_parts(w->message, true)) {
        put_alternative(w);
        return 0;
    }
    w->single = false;
    open_multipart(w, RELATED, w->several ? "multipart/alternative" : "text/html");
    next_part(w, RELATED);
    put_alternative(w);
    result = put_parts(w, RELATED);
    close_multipart(w, RELATED);
    return result;
}

static int put_tree(struct writer *w)
{
    const facteur_message *message = w->message;
    size_t attachments = count_parts(message, false);
    bool bodies = count_bodies(w) > 0;
    int result = 0;

    if (!attachments)
        return put_related(w);
    if (!bodies && attachments == 1)
        return put_part(w, &message->parts[0]);
    w->single = false;
    open_multipart(w, MIXED, NULL);
    if (bodies) {
        next_part(w, MIXED);
        result = put_related(w);
    }
    if (!result)
        result = put_parts(w, MIXED);
    close_multipart(w, MIXED);
    return result;
}

/* One allocation suffices for most messages: quoted-printable seldom makes text longer by half. */
static size_t estimate(const facteur_message *message)
{
    size_t size = 4096;

    size += message->text.len / 2 * 3 + message->html.len / 2 * 3;
    for (size_t i = 0; i < message->alternative_count; i++)
        size += message->alternatives[i].body.len / 2 * 3;
    for (size_t i = 0; i < message->part_count; i++)
        size += message->parts[i].len / 2 * 3 + 512;
    return size;
}

/*
 * The plain text: the one that was given, else one made of the HTML.  An empty one beside HTML
 * means that the HTML goes alone.
 */
static int decide_text(struct writer *w)
{
    const struct fct_body *html = &w->message->html;
    int result = 0;

    if (!html->text || w->message->text.len)
        w->text = w->message->text;
    else if (!w->message->text.text)
        result =
            fct_html_text((fct_slice){html->text, html->len}, &w->made, &w->text.len, w->error);
    if (w->made && w->text.len)
        w->text.text = w->made;
    w->several = count_bodies(w) > 1;
    return result;
}

/* The part that a "cid:" of the HTML names at offset `at`, if its id is another one on the wire. */
static const struct fct_part *referred(const facteur_message *message, size_t at, size_t *len)
{
    const struct fct_part *found = NULL;
    fct_slice html = {message->html.text, message->html.len};

    *len = 0;
    for (size_t i = 0; i < message->part_count; i++) {
        const char *ref = message->parts[i].content_ref;
        size_t here = ref ? fct_content_id_match(html, at, fct_slice_of(ref)) : 0;

        if (here <= *len)
            continue;
        *len = here;
        found = &message->parts[i];
    }
    return found;
}

/* The HTML, with its references to inline parts as their ids are on the wire. */
static int decide_html(struct writer *w)
{
    const facteur_message *message = w->message;
    fct_slice html = {message->html.text ? message->html.text : "", message->html.len};
    bool differs = false;
    fct_buf named = {0};

    w->html = message->html;
    for (size_t i = 0; i < message->part_count; i++)
        differs |= message->parts[i].content_ref != NULL;
    if (!html.len || !differs)
        return 0;
    for (size_t from = 0, at = 0; from < html.len; from = at) {
        const struct fct_part *part;
        size_t len;

        at = fct_content_id_next(html, from);
        fct_buf_add(&named, html.ptr + from, at - from);
        part = referred(message, at, &len);
        if (part)
            fct_buf_add_text(&named, part->content_id);
        at += len;
    }
    w->named = fct_buf_take(&named, &w->html.len);
    w->html.text = w->named;
    fct_buf_done(&named);
    return w->named ? 0 : FACTEUR_ENOMEM;
}

int fct_message_serialise(const facteur_message *message, const struct fct_decided *decided,
                          fct_content *content, facteur_error **error)
{
    struct writer w = {.message = message,
                       .content = content,
                       .out = &content->bytes,
                       .error = error,
                       .single = true};
    int result = decide_text(&w);

    make_mark(w.mark, decided->message_id);
    if (!result)
        result = decide_html(&w);
    if (!result)
        result = fct_buf_reserve(&content->bytes, estimate(message));
    if (!result) {
        put_headers(&w, decided);
        result = put_tree(&w);
    }
    if (!result && content->bytes.failed)
        result = FACTEUR_ENOMEM;
    fct_free(w.made);
    fct_free(w.named);
    return result;
}
