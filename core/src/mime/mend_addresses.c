/* SPDX-License-Identifier: MIT */
/*
 * Address fields of other programs in ASCII: names become encoded words, domains A-labels.  An
 * address that a relay cannot take becomes the name of an empty group (RFC 6857 section 3.1.8), or
 * is left out.
 */
#include "mime/mend_field.h"

#include "base/utf8.h"
#include "facteur.h"
#include "mime/field.h"
#include "mime/token.h"

#include <string.h>

struct list {
    fct_mend *mend;
    fct_header *header;
    bool drops;   /* the mail is complete without this field */
    bool is_from; /* it is not, and a group there is no sender */
    bool is_reply_to;
    bool groups;   /* the field has them */
    bool in_group; /* of the item at hand */
    bool first;    /* no item stands before it, in its group */
    bool any;
};

/* An item: `phrase <address> comment`, or `address comment`. */
struct item {
    fct_slice phrase, address, comment;
    bool angle;
};

static bool drops(fct_slice name)
{
    static const char *const names[] = {"Sender",
                                        "Resent-Sender",
                                        "Reply-To",
                                        "Resent-Reply-To",
                                        "Errors-To",
                                        "Disposition-Notification-To",
                                        "Return-Receipt-To",
                                        "Mail-Followup-To",
                                        "Mail-Reply-To",
                                        "Delivered-To"};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (fct_slice_equal_nocase(name, fct_slice_of(names[i])))
            return true;
    }
    return false;
}

static bool is_reply_to(fct_slice name)
{
    return fct_slice_equal_nocase(name, FCT_SLICE("Reply-To")) ||
           fct_slice_equal_nocase(name, FCT_SLICE("Resent-Reply-To"));
}

/* A comma stands between two items of a list, or of a group. */
static void begin(struct list *list)
{
    if (!list->first)
        fct_header_glue(list->header, ',');
    list->first = false;
    list->any = true;
}

/* It stays as it is: printable, and nothing in it is left open that a later item could close. */
static bool is_plain(fct_slice text)
{
    struct fct_field_scan scan = {0};

    fct_field_find(&scan, text, 0, "");
    return fct_is_printable(text) && !scan.unclosed;
}

/* What a phrase says: without its quotes, its controls and the blanks around it. */
static void read_phrase(fct_buf *out, fct_slice phrase)
{
    fct_buf plain = {0};
    bool quoted = false;

    for (size_t i = 0; i < phrase.len; i++) {
        if (phrase.ptr[i] == '"')
            quoted = !quoted;
        else if (quoted && phrase.ptr[i] == '\\' && i + 1 < phrase.len)
            fct_buf_add_char(&plain, phrase.ptr[++i]);
        else
            fct_buf_add_char(&plain, phrase.ptr[i]);
    }
    fct_text_clean(out, (fct_slice){plain.ptr, plain.len});
    out->failed = out->failed || plain.failed;
    fct_buf_done(&plain);
}

static void put_clean(fct_header *header, fct_slice phrase)
{
    if (phrase.len && memmem(phrase.ptr, phrase.len, "=?", 2))
        fct_mend_put_words(header, phrase, true);
    else if (phrase.len)
        fct_header_phrase(header, phrase);
}

static void put_phrase(fct_header *header, fct_slice phrase)
{
    fct_buf clean = {0};

    if (is_plain(phrase)) {
        fct_mend_put_folded(header, phrase);
        return;
    }
    read_phrase(&clean, phrase);
    put_clean(header, (fct_slice){clean.ptr, clean.len});
    header->out->failed = header->out->failed || clean.failed;
    fct_buf_done(&clean);
}

static void put_encoded(fct_header *header, fct_slice text)
{
    fct_buf clean = {0};

    fct_text_clean(&clean, text);
    if (clean.len)
        fct_header_encoded(header, (fct_slice){clean.ptr, clean.len});
    header->out->failed = header->out->failed || clean.failed;
    fct_buf_done(&clean);
}

static void put_comment(fct_header *header, fct_slice comment)
{
    if (is_plain(comment)) {
        fct_mend_put_folded(header, comment);
        return;
    }
    if (comment.len && comment.ptr[0] == '(')
        comment = (fct_slice){comment.ptr + 1, comment.len - 1};
    if (comment.len && comment.ptr[comment.len - 1] == ')')
        comment.len--;
    fct_header_token(header, FCT_SLICE("("));
    put_encoded(header, comment);
    fct_header_token(header, FCT_SLICE(")"));
}

static void put_item(struct list *list, const struct item *item, fct_slice address)
{
    fct_buf token = {0};

    begin(list);
    put_phrase(list->header, item->phrase);
    fct_buf_add_text(&token, item->angle ? "<" : "");
    fct_buf_add_slice(&token, address);
    fct_buf_add_text(&token, item->angle ? ">" : "");
    fct_header_token(list->header, (fct_slice){token.ptr, token.len});
    list->header->out->failed = list->header->out->failed || token.failed;
    fct_buf_done(&token);
    put_comment(list->header, item->comment);
}

/* The address is no address here: shown, where it can be, but not to be written to. */
static void put_hidden(struct list *list, const struct item *item)
{
    list->mend->done |= list->is_reply_to ? FCT_MENDED_REPLY_TO : FCT_MENDED_ADDRESS;
    if (list->drops || list->in_group)
        return;
    begin(list);
    put_phrase(list->header, item->phrase);
    put_encoded(list->header, item->address);
    put_comment(list->header, item->comment);
    fct_header_token(list->header, FCT_SLICE(":"));
    fct_header_glue(list->header, ';');
}

static void put_address(struct list *list, const struct item *item)
{
    /* A message/rfc822 is in ASCII, whatever the relay takes (RFC 6532 section 3.7). */
    bool hides = list->mend->nested || (list->mend->lacks & FCT_NEEDS_SMTPUTF8 && !list->is_from);
    fct_buf wire = {0};
    fct_slice address;
    int result;

    if (is_plain(item->address)) {
        put_item(list, item, item->address);
        return;
    }
    result = fct_address_parse_one(&wire, "", item->address, NULL);
    address = (fct_slice){wire.ptr ? wire.ptr : "", wire.len};
    list->header->out->failed = list->header->out->failed || result == FACTEUR_ENOMEM;
    if (result || (hides && !fct_is_ascii(address))) {
        put_hidden(list, item);
    } else {
        list->mend->utf8_addresses |= !fct_is_ascii(address);
        put_item(list, item, address);
    }
    fct_buf_done(&wire);
}

static fct_slice part(fct_slice text, size_t from, size_t to)
{
    return fct_slice_trim((fct_slice){text.ptr + from, to > from ? to - from : 0});
}

/* Take an item apart; its `address` is empty when it has none.  A bracket that nothing closes is
 * text. */
static struct item read_item(fct_slice text)
{
    size_t open = fct_field_find_in(text, "<"), close, comment;
    const char *end = open < text.len ? memchr(text.ptr + open, '>', text.len - open) : NULL;
    struct item item = {.phrase = text};

    if (end) {
        close = (size_t)(end - text.ptr);
        item.phrase = part(text, 0, open);
        item.address = part(text, open + 1, close);
        item.comment = part(text, close + 1, text.len);
        item.angle = true;
    } else if (fct_field_find_in(text, "@") < text.len) {
        comment = text.ptr[text.len - 1] == ')' ? fct_field_find_in(text, "(") : text.len;
        item.phrase.len = 0;
        item.address = part(text, 0, comment);
        item.comment = part(text, comment, text.len);
    }
    return item;
}

/* A name without an address.  One that says nothing is no item. */
static void put_bare_phrase(struct list *list, fct_slice text)
{
    fct_buf clean = {0};

    read_phrase(&clean, text);
    if (clean.len) {
        begin(list);
        put_clean(list->header, (fct_slice){clean.ptr, clean.len});
    }
    list->header->out->failed = list->header->out->failed || clean.failed;
    fct_buf_done(&clean);
}

static void put_one(struct list *list, fct_slice text)
{
    struct item item;

    if (!text.len)
        return;
    if (is_plain(text)) {
        begin(list);
        fct_mend_put_folded(list->header, text);
        return;
    }
    item = read_item(text);
    if (item.address.len)
        put_address(list, &item);
    else
        put_bare_phrase(list, text);
}

static void put_group_name(struct list *list, fct_slice text)
{
    begin(list);
    put_phrase(list->header, text);
    fct_header_token(list->header, FCT_SLICE(":"));
    list->in_group = list->first = true;
}

/* Whether a colon outside of quotes is a group's: RFC 5322 has no other use for it. */
static bool has_groups(fct_mend *mend, fct_slice value)
{
    fct_address_list list = {0};
    int result;

    if (!memchr(value.ptr, ':', value.len))
        return false;
    result = fct_address_list_parse(&list, "", value, NULL);
    mend->out->failed = mend->out->failed || result == FACTEUR_ENOMEM;
    if (!result && !fct_address_list_has_groups(&list))
        result = FACTEUR_EMESSAGE;
    fct_address_list_done(&list);
    return !result;
}

/* "Name:;" stands for itself in a list that is otherwise none. */
static bool is_empty_group(fct_slice text, fct_slice value, size_t end)
{
    return text.len && text.ptr[text.len - 1] == ':' && end < value.len && value.ptr[end] == ';';
}

bool fct_mend_put_addresses(fct_mend *mend, fct_header *header, fct_slice name, fct_slice value)
{
    struct list list = {.mend = mend,
                        .header = header,
                        .drops = !mend->nested && drops(name),
                        .is_from = fct_slice_equal_nocase(name, FCT_SLICE("From")) ||
                                   fct_slice_equal_nocase(name, FCT_SLICE("Resent-From")),
                        .is_reply_to = is_reply_to(name),
                        .groups = has_groups(mend, value),
                        .first = true};
    struct fct_field_scan scan = {0};

    for (size_t at = 0; at < value.len;) {
        size_t end = fct_field_find(&scan, value, at, list.groups ? ",;:" : ",;");
        fct_slice text = part(value, at, end);

        if (end < value.len && value.ptr[end] == ':')
            put_group_name(&list, text);
        else if (!is_plain(text) && is_empty_group(text, value, end))
            put_group_name(&list, part(text, 0, text.len - 1));
        else
            put_one(&list, text);
        if (list.in_group ? end == value.len || value.ptr[end] == ';'
                          : is_empty_group(text, value, end)) {
            fct_header_glue(header, ';');
            list.in_group = list.first = false;
        }
        at = end + 1;
    }
    return list.any;
}
