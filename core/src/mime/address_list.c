/* SPDX-License-Identifier: MIT */
#include "mime/address.h"

#include "base/error.h"
#include "base/memory.h"
#include "base/utf8.h"
#include "mime/idna.h"
#include "mime/limits.h"
#include "mime/token.h"

#include <stdint.h>
#include <string.h>

struct parser {
    fct_slice in;
    size_t at;
    const char *field;
    facteur_error **error;
    fct_address_list *list;
    bool in_group;
    fct_buf phrase;  /* the words before "<", ":" or "@", as display text */
    fct_buf local;   /* the same words as a local part, unquoted */
    fct_buf comment; /* the last comment */
    fct_buf wire;
    size_t words;
    bool is_local; /* the words can be a local part: a dot is between each two */
    bool open_dot; /* the last word ended with a dot outside quotes */
};

static int refuse(struct parser *p, size_t at, const char *why)
{
    return fct_error_set(p->error, FACTEUR_EMESSAGE, p->field, "%s (at byte %zu)", why, at + 1);
}

static int peek(const struct parser *p)
{
    return p->at < p->in.len ? (unsigned char)p->in.ptr[p->at] : -1;
}

static bool is_word_byte(int byte)
{
    return byte >= 0x80 || byte == '.' || (byte > 0 && fct_is_atext((unsigned char)byte));
}

/* A backslash quotes the next byte, in comments and in quoted strings. */
static int read_escaped(struct parser *p, fct_buf *out)
{
    if (peek(p) == '\\' && p->at + 1 < p->in.len)
        p->at++;
    return fct_buf_add_char(out, p->in.ptr[p->at++]);
}

static int read_comment(struct parser *p)
{
    size_t start = p->at++, depth = 1;

    fct_buf_clear(&p->comment);
    while (p->at < p->in.len) {
        int byte = peek(p);

        if (byte == '(')
            depth++;
        else if (byte == ')' && --depth == 0)
            break;
        read_escaped(p, &p->comment);
    }
    if (p->at == p->in.len)
        return refuse(p, start, "a comment is not closed with \")\"");
    p->at++;
    return p->comment.failed ? FACTEUR_ENOMEM : 0;
}

static int skip_blanks(struct parser *p, bool *skipped)
{
    *skipped = false;
    for (;; *skipped = true) {
        int byte = peek(p), result;

        if (byte == ' ' || byte == '\t') {
            p->at++;
        } else if (byte == '(') {
            result = read_comment(p);
            if (result)
                return result;
        } else {
            return 0;
        }
    }
}

static int read_quoted(struct parser *p, fct_buf *out)
{
    size_t start = p->at++;

    while (p->at < p->in.len && peek(p) != '"')
        read_escaped(p, out);
    if (p->at == p->in.len)
        return refuse(p, start, "a quoted string is not closed with a quotation mark");
    p->at++;
    return out->failed ? FACTEUR_ENOMEM : 0;
}

static void add_atom(struct parser *p, fct_slice atom)
{
    if (p->words && !p->open_dot && atom.ptr[0] != '.')
        p->is_local = false;
    p->open_dot = atom.ptr[atom.len - 1] == '.';
    fct_buf_add_slice(&p->local, atom);
    fct_buf_add_slice(&p->phrase, atom);
}

static int add_quoted(struct parser *p)
{
    size_t from = p->local.len;
    int result;

    if (p->words && !p->open_dot)
        p->is_local = false;
    p->open_dot = false;
    result = read_quoted(p, &p->local);
    if (!result)
        result =
            fct_buf_add(&p->phrase, p->local.ptr ? p->local.ptr + from : NULL, p->local.len - from);
    return result;
}

static int read_words(struct parser *p)
{
    fct_buf_clear(&p->phrase);
    fct_buf_clear(&p->local);
    p->words = 0;
    p->is_local = true;
    p->open_dot = false;
    for (;; p->words++) {
        size_t start;
        bool gap;
        int result = skip_blanks(p, &gap);

        if (result)
            return result;
        start = p->at;
        if (peek(p) != '"' && !is_word_byte(peek(p)))
            return p->phrase.failed || p->local.failed ? FACTEUR_ENOMEM : 0;
        if (gap && p->words)
            fct_buf_add_char(&p->phrase, ' ');
        if (peek(p) == '"') {
            result = add_quoted(p);
            if (result)
                return result;
            continue;
        }
        while (is_word_byte(peek(p)))
            p->at++;
        add_atom(p, (fct_slice){p->in.ptr + start, p->at - start});
    }
}

static bool is_dot_atom(fct_slice local)
{
    bool dot = true;

    for (size_t i = 0; i < local.len; i++) {
        if (local.ptr[i] == '.' && dot)
            return false;
        dot = local.ptr[i] == '.';
        if (!is_word_byte((unsigned char)local.ptr[i]))
            return false;
    }
    return !dot;
}

/*
 * Invisible characters come from pasting; no mailbox has them.  A quoted local part may have
 * blanks.
 */
static bool has_invisible(fct_slice local)
{
    for (size_t i = 0; i < local.len;) {
        uint32_t code_point;
        size_t len = fct_utf8_next((fct_slice){local.ptr + i, local.len - i}, &code_point);

        if (code_point > 0x7f && fct_is_invisible(code_point))
            return true;
        i += len;
    }
    return false;
}

static int write_local(struct parser *p, size_t at)
{
    fct_slice local = {p->local.ptr, p->local.len};

    if (!p->words)
        return refuse(p, at, "there is nothing before the \"@\"");
    if (!p->is_local)
        return refuse(p, at,
                      "more than one word before the \"@\": write a display name as "
                      "\"Name\" <local@domain>");
    if (fct_has_control(local))
        return refuse(p, at, "an address cannot have control characters");
    if (has_invisible(local))
        return refuse(p, at, "there is an invisible character before the \"@\"");
    fct_buf_clear(&p->wire);
    if (is_dot_atom(local))
        return fct_buf_add_slice(&p->wire, local);
    fct_buf_add_char(&p->wire, '"');
    for (size_t i = 0; i < local.len; i++) {
        if (local.ptr[i] == '"' || local.ptr[i] == '\\')
            fct_buf_add_char(&p->wire, '\\');
        fct_buf_add_char(&p->wire, local.ptr[i]);
    }
    return fct_buf_add_char(&p->wire, '"');
}

static int read_literal(struct parser *p)
{
    while (p->at < p->in.len && peek(p) != ']')
        fct_buf_add_char(&p->local, p->in.ptr[p->at++]);
    if (peek(p) == ']')
        fct_buf_add_char(&p->local, p->in.ptr[p->at++]);
    return p->local.failed ? FACTEUR_ENOMEM : 0;
}

/* Obsolete forms have white space and comments around the dots (RFC 5322 section 4.4). */
static int read_dotted(struct parser *p)
{
    bool gap;
    int result;

    do {
        while (is_word_byte(peek(p)))
            fct_buf_add_char(&p->local, p->in.ptr[p->at++]);
        result = skip_blanks(p, &gap);
        if (result)
            return result;
    } while (peek(p) == '.' ||
             (p->local.len && p->local.ptr[p->local.len - 1] == '.' && is_word_byte(peek(p))));
    return p->local.failed ? FACTEUR_ENOMEM : 0;
}

/* Read the "@" and the domain.  The local part is in `local`; the address goes to `wire`. */
static int read_domain(struct parser *p, size_t start)
{
    const char *why = NULL;
    size_t at;
    bool gap;
    int result;

    if (peek(p) != '@')
        return refuse(p, p->at, "an address is written local@domain");
    result = write_local(p, start);
    if (result)
        return result;
    p->at++;
    fct_buf_clear(&p->local);
    fct_buf_add_char(&p->wire, '@');
    result = skip_blanks(p, &gap);
    if (result)
        return result;
    at = p->at;
    result = peek(p) == '[' ? read_literal(p) : read_dotted(p);
    if (result)
        return result;
    result = fct_idna_domain(&p->wire, (fct_slice){p->local.ptr, p->local.len}, &why);
    if (result == FACTEUR_EMESSAGE)
        return refuse(p, at, why);
    if (p->wire.len > FCT_MAX_ADDRESS)
        return refuse(p, start, "an address is no longer than 254 bytes (RFC 5321)");
    return p->wire.failed ? FACTEUR_ENOMEM : result;
}

static int push(struct parser *p, enum fct_address_kind kind, fct_slice name, const char *address)
{
    fct_address_list *list = p->list;
    fct_address *item;
    fct_buf clean = {0};

    if (list->count >= FCT_MAX_RECIPIENTS)
        return fct_error_set(p->error, FACTEUR_EMESSAGE, p->field, "%s has more than %d addresses",
                             p->field, FCT_MAX_RECIPIENTS);
    if (list->count == list->cap) {
        size_t cap = list->cap ? list->cap * 2 : 2;
        fct_address *grown = fct_reallocarray(list->items, cap, sizeof *grown);

        if (!grown)
            return FACTEUR_ENOMEM;
        list->items = grown;
        list->cap = cap;
    }
    item = &list->items[list->count];
    *item = (fct_address){.kind = kind};
    if (name.len && fct_text_clean(&clean, name)) {
        fct_buf_done(&clean);
        return FACTEUR_ENOMEM;
    }
    if (clean.len)
        item->name = fct_buf_take(&clean, NULL);
    fct_buf_done(&clean);
    if (address)
        item->address = fct_strdup(address);
    if (address && !item->address) {
        fct_free(item->name);
        return FACTEUR_ENOMEM;
    }
    list->count++;
    return 0;
}

/* Skip a source route (RFC 5322 section 4.4): "@a,@b:".  Nothing else is skipped. */
static void skip_route(struct parser *p)
{
    size_t at = p->at;

    while (at < p->in.len && p->in.ptr[at] != ':' && !strchr("<>\"();", p->in.ptr[at]))
        at++;
    if (at < p->in.len && p->in.ptr[at] == ':')
        p->at = at + 1;
}

/* The next byte is "<". */
static int read_angle(struct parser *p)
{
    size_t start = p->at++;
    fct_buf name = p->phrase;
    bool gap;
    int result;

    p->phrase = (fct_buf){0};
    result = skip_blanks(p, &gap);
    if (!result && peek(p) == '@')
        skip_route(p);
    if (!result)
        result = read_words(p);
    if (!result)
        result = read_domain(p, start);
    if (!result)
        result = skip_blanks(p, &gap);
    if (!result && peek(p) != '>')
        result = refuse(p, p->at, "an address is not closed with \">\"");
    if (!result) {
        p->at++;
        result = push(p, FCT_MAILBOX, (fct_slice){name.ptr, name.len}, p->wire.ptr);
    }
    fct_buf_done(&p->phrase);
    p->phrase = name;
    return result;
}

static int read_bare(struct parser *p, size_t start)
{
    bool gap;
    int result = read_domain(p, start);

    if (!result)
        result = skip_blanks(p, &gap);
    if (result)
        return result;
    return push(p, FCT_MAILBOX, (fct_slice){p->comment.ptr, p->comment.len}, p->wire.ptr);
}

static int read_group(struct parser *p, size_t start)
{
    if (p->in_group)
        return refuse(p, p->at, "a group cannot be inside another group");
    if (!p->words)
        return refuse(p, start, "a group has no name");
    p->at++;
    p->in_group = true;
    return push(p, FCT_GROUP, (fct_slice){p->phrase.ptr, p->phrase.len}, NULL);
}

/* "Martin, Zoe <zoe@shop.example>", at its comma. */
static bool is_cut_name(struct parser *p)
{
    return peek(p) == ',' && p->words && memchr(p->in.ptr + p->at, '<', p->in.len - p->at);
}

static int read_item(struct parser *p)
{
    size_t start = p->at;
    int result;

    fct_buf_clear(&p->comment);
    result = read_words(p);
    if (result)
        return result;
    switch (peek(p)) {
    case '<':
        return read_angle(p);
    case '@':
        return read_bare(p, start);
    case ':':
        return read_group(p, start);
    case -1:
    case ',':
    case ';':
        return refuse(p, start,
                      is_cut_name(p)
                          ? "expected an address, local@domain; a display name with a comma in it "
                            "is written in quotation marks: \"Martin, Zoe\" <zoe@shop.example>"
                          : "expected an address, local@domain");
    default:
        if (peek(p) < ' ' || peek(p) == 0x7f)
            return refuse(p, p->at, "an address cannot have control characters");
        return refuse(p, p->at,
                      "this character is not allowed here: put a display name in quotation marks");
    }
}

static int end_group(struct parser *p)
{
    if (!p->in_group)
        return refuse(p, p->at, "addresses are separated by commas, not by semicolons");
    p->at++;
    p->in_group = false;
    return push(p, FCT_GROUP_END, (fct_slice){NULL, 0}, NULL);
}

static int read_list(struct parser *p)
{
    bool expect_item = true, gap;
    int result;

    for (;;) {
        result = skip_blanks(p, &gap);
        if (result)
            return result;
        if (peek(p) < 0)
            break;
        if (peek(p) == ',') {
            p->at++;
            expect_item = true;
        } else if (peek(p) == ';') {
            result = end_group(p);
            expect_item = true;
        } else if (expect_item) {
            bool was_group = p->in_group;

            result = read_item(p);
            expect_item = !was_group && p->in_group;
        } else {
            return refuse(p, p->at, "addresses are separated by commas");
        }
        if (result)
            return result;
    }
    return p->in_group ? refuse(p, p->at, "a group is not closed with \";\"") : 0;
}

static void truncate_list(fct_address_list *list, size_t count)
{
    while (list->count > count) {
        list->count--;
        fct_free(list->items[list->count].name);
        fct_free(list->items[list->count].address);
    }
}

void fct_address_list_done(fct_address_list *list)
{
    truncate_list(list, 0);
    fct_free(list->items);
    *list = (fct_address_list){0};
}

static int finish(struct parser *p, size_t before, int result)
{
    if (result)
        truncate_list(p->list, before);
    fct_buf_done(&p->phrase);
    fct_buf_done(&p->local);
    fct_buf_done(&p->comment);
    fct_buf_done(&p->wire);
    return result == FACTEUR_ENOMEM ? fct_error_nomem(p->error) : result;
}

int fct_address_list_parse(fct_address_list *list, const char *field, fct_slice text,
                           facteur_error **error)
{
    struct parser p = {.in = text, .field = field, .error = error, .list = list};
    size_t before = list->count;
    int result = fct_text_check(field, text, 0, error);

    if (!result)
        result = read_list(&p);
    return finish(&p, before, result);
}

static int read_one(struct parser *p)
{
    bool gap, angle;
    int result = skip_blanks(p, &gap);

    if (result)
        return result;
    angle = peek(p) == '<';
    if (angle)
        p->at++;
    result = read_words(p);
    if (!result)
        result = read_domain(p, p->at);
    if (!result && angle && peek(p) != '>')
        result = refuse(p, p->at, "an address is not closed with \">\"");
    if (!result && angle)
        p->at++;
    if (!result)
        result = skip_blanks(p, &gap);
    if (!result && peek(p) >= 0)
        result = refuse(p, p->at, "expected one address, local@domain, and nothing after it");
    return result;
}

int fct_address_parse_one(fct_buf *out, const char *field, fct_slice text, facteur_error **error)
{
    struct parser p = {.in = text, .field = field, .error = error, .list = &(fct_address_list){0}};
    int result = fct_text_check(field, text, 0, error);

    if (!result)
        result = read_one(&p);
    if (!result)
        result = fct_buf_add(out, p.wire.ptr, p.wire.len);
    return finish(&p, 0, result);
}

int fct_address_list_add(fct_address_list *list, const char *field, fct_slice name,
                         fct_slice address, facteur_error **error)
{
    struct parser p = {.in = address, .field = field, .error = error, .list = list};
    size_t before = list->count;
    int result = fct_text_check(field, address, 0, error);

    if (!result)
        result = fct_text_check(field, name, FCT_MAX_HEADER_VALUE, error);
    if (!result)
        result = read_one(&p);
    if (!result)
        result = push(&p, FCT_MAILBOX, name, p.wire.ptr);
    return finish(&p, before, result);
}

int fct_address_list_add_one(fct_address_list *list, const char *field, fct_slice text,
                             facteur_error **error)
{
    struct parser p = {.in = text, .field = field, .error = error, .list = list};
    size_t before = list->count;
    bool gap;
    int result = fct_text_check(field, text, 0, error);

    if (!result)
        result = skip_blanks(&p, &gap);
    if (!result)
        result = read_item(&p);
    if (!result)
        result = skip_blanks(&p, &gap);
    if (!result && (p.in_group || peek(&p) >= 0))
        result = refuse(&p, p.at, "expected one address and nothing after it");
    return finish(&p, before, result);
}

size_t fct_address_list_mailboxes(const fct_address_list *list)
{
    size_t count = 0;

    for (size_t i = 0; i < list->count; i++)
        count += list->items[i].kind == FCT_MAILBOX;
    return count;
}

bool fct_address_list_has_groups(const fct_address_list *list)
{
    return fct_address_list_mailboxes(list) < list->count;
}

const fct_address *fct_address_list_first(const fct_address_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        if (list->items[i].kind == FCT_MAILBOX)
            return &list->items[i];
    }
    return NULL;
}

fct_slice fct_address_domain(const char *address)
{
    const char *at = strrchr(address, '@');

    return fct_slice_of(at ? at + 1 : address);
}
