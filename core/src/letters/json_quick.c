/* SPDX-License-Identifier: MIT */
#include "letters/json_quick.h"

#include "base/block.h"
#include "base/utf8.h"

#define DEPTH_MAX 16
#define NAME_MAX_LEN 63
#define UNESCAPED_MAX 4096
#define DIGITS_MAX 18 /* digits of a whole number, which cannot overflow */

struct cursor {
    const char *at, *end;
    unsigned depth;
    size_t len;
    char text[UNESCAPED_MAX]; /* the present string, if it is not in the input unchanged */
};

static json_t *read_value(struct cursor *in);

static void skip_blanks(struct cursor *in)
{
    while (in->at < in->end &&
           (*in->at == ' ' || *in->at == '\n' || *in->at == '\r' || *in->at == '\t'))
        in->at++;
}

static bool take(struct cursor *in, char byte)
{
    skip_blanks(in);
    if (in->at == in->end || *in->at != byte)
        return false;
    in->at++;
    return true;
}

/*
 * The part of a string that needs no decoding, up to a quote, a backslash, a control character or
 * the end.
 */
static bool plain_run(struct cursor *in, fct_slice *run)
{
    size_t first = FCT_BLOCK_SIZE;
    fct_block seen = {0};

    run->ptr = in->at;
    while (first == FCT_BLOCK_SIZE) {
        fct_block bytes = fct_block_load_within(in->at, in->end);
        fct_block control = (bytes < 0x20) & (bytes >= 0);

        first = fct_block_first(control | (bytes == '"') | (bytes == '\\'));
        seen |= bytes & fct_block_head(first);
        in->at += first;
    }
    run->len = (size_t)(in->at - run->ptr);
    return fct_block_first(seen < 0) == FCT_BLOCK_SIZE || fct_utf8_check(*run) == run->len;
}

static bool four_digits(struct cursor *in, uint32_t *code)
{
    *code = 0;
    if (in->end - in->at < 4)
        return false;
    for (int i = 0; i < 4; i++) {
        int digit = fct_ascii_lower((unsigned char)*in->at++);

        if (fct_is_digit(digit))
            *code = *code << 4 | (uint32_t)(digit - '0');
        else if (digit >= 'a' && digit <= 'f')
            *code = *code << 4 | (uint32_t)(digit - 'a' + 10);
        else
            return false;
    }
    return true;
}

static bool add(struct cursor *in, const char *bytes, size_t len)
{
    if (len > UNESCAPED_MAX - in->len)
        return false;
    memcpy(in->text + in->len, bytes, len);
    in->len += len;
    return true;
}

static bool add_utf8(struct cursor *in, uint32_t code)
{
    static const unsigned char lead[] = {0, 0, 0xc0, 0xe0, 0xf0};
    size_t len = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    char bytes[4];

    for (size_t i = len; i-- > 1; code >>= 6)
        bytes[i] = (char)(0x80 | (code & 0x3f));
    bytes[0] = (char)(code | lead[len]);
    return add(in, bytes, len);
}

/*
 * Read after "\u".  A character outside the basic plane is a pair of surrogates (RFC 8259 section
 * 7).
 */
static bool read_code(struct cursor *in)
{
    uint32_t code, low;

    if (!four_digits(in, &code) || code == 0)
        return false;
    if (code >= 0xd800 && code < 0xe000) {
        if (code >= 0xdc00 || in->end - in->at < 6 || in->at[0] != '\\' || in->at[1] != 'u')
            return false;
        in->at += 2;
        if (!four_digits(in, &low) || low < 0xdc00 || low >= 0xe000)
            return false;
        code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
    }
    return add_utf8(in, code);
}

static bool read_escape(struct cursor *in)
{
    static const char letters[] = "\"\\/bfnrt", bytes[] = "\"\\/\b\f\n\r\t";
    const char *known;

    if (in->at == in->end)
        return false;
    if (*in->at == 'u') {
        in->at++;
        return read_code(in);
    }
    known = memchr(letters, *in->at++, sizeof letters - 1);
    return known && add(in, &bytes[known - letters], 1);
}

/* Read after the opening quote.  The text is valid until the next string is read. */
static bool read_string(struct cursor *in, fct_slice *text)
{
    in->len = 0;
    while (plain_run(in, text) && in->at < in->end) {
        char byte = *in->at++;

        if (byte == '"' && in->len == 0)
            return true;
        if (!add(in, text->ptr, text->len))
            return false;
        if (byte == '"') {
            *text = (fct_slice){in->text, in->len};
            return true;
        }
        if (byte != '\\' || !read_escape(in))
            return false;
    }
    return false;
}

static json_t *read_integer(struct cursor *in)
{
    bool negative = *in->at == '-';
    const char *digits = in->at += negative ? 1 : 0;
    json_int_t value = 0;

    while (in->at < in->end && in->at - digits < DIGITS_MAX && fct_is_digit((unsigned char)*in->at))
        value = value * 10 + (*in->at++ - '0');
    /* More digits, a fraction or an exponent are refused later, where a comma is expected. */
    if (in->at == digits || (*digits == '0' && in->at - digits > 1))
        return NULL;
    return json_integer(negative ? -value : value);
}

static json_t *read_word(struct cursor *in, fct_slice word, json_t *value)
{
    if ((size_t)(in->end - in->at) < word.len || memcmp(in->at, word.ptr, word.len) != 0)
        return NULL;
    in->at += word.len;
    return value;
}

/* Jansson copies the name, and takes the value over in any case. */
static bool read_member(struct cursor *in, json_t *object)
{
    size_t count = json_object_size(object);
    char copy[NAME_MAX_LEN + 1];
    fct_slice name;
    json_t *value;

    if (!take(in, '"') || !read_string(in, &name) || name.len > NAME_MAX_LEN)
        return false;
    memcpy(copy, name.ptr, name.len);
    copy[name.len] = '\0';
    value = take(in, ':') ? read_value(in) : NULL;
    return value && json_object_set_new_nocheck(object, copy, value) == 0 &&
           json_object_size(object) == count + 1;
}

static bool read_element(struct cursor *in, json_t *array)
{
    json_t *value = read_value(in);

    return value && json_array_append_new(array, value) == 0;
}

/* Read after the opening bracket. */
static json_t *read_items(struct cursor *in, json_t *items, char close,
                          bool (*read)(struct cursor *in, json_t *items))
{
    bool good = ++in->depth <= DEPTH_MAX && items;

    if (good && !take(in, close)) {
        do
            good = read(in, items);
        while (good && take(in, ','));
        good = good && take(in, close);
    }
    in->depth--;
    if (good)
        return items;
    json_decref(items);
    return NULL;
}

static json_t *read_value(struct cursor *in)
{
    fct_slice text;

    skip_blanks(in);
    if (in->at == in->end)
        return NULL;
    switch (*in->at) {
    case '"':
        in->at++;
        return read_string(in, &text) ? json_stringn_nocheck(text.ptr, text.len) : NULL;
    case '{':
        in->at++;
        return read_items(in, json_object(), '}', read_member);
    case '[':
        in->at++;
        return read_items(in, json_array(), ']', read_element);
    case 't':
        return read_word(in, FCT_SLICE("true"), json_true());
    case 'f':
        return read_word(in, FCT_SLICE("false"), json_false());
    case 'n':
        return read_word(in, FCT_SLICE("null"), json_null());
    default:
        return read_integer(in);
    }
}

json_t *fct_json_quick(fct_slice json)
{
    struct cursor in;
    json_t *root = NULL;

    in.at = json.ptr;
    in.end = json.ptr + json.len;
    in.depth = 0;
    if (take(&in, '{'))
        root = read_items(&in, json_object(), '}', read_member);
    skip_blanks(&in);
    if (in.at == in.end)
        return root;
    json_decref(root);
    return NULL;
}
