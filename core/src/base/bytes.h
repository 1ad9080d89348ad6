/* SPDX-License-Identifier: MIT */
/* Runs of bytes: borrowed (fct_slice) and growing, owned (fct_buf). */
#ifndef FCT_BYTES_H
#define FCT_BYTES_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Bytes that somebody else owns; not NUL-terminated. */
typedef struct fct_slice {
    const char *ptr;
    size_t len;
} fct_slice;

#define FCT_SLICE(literal) ((fct_slice){(literal), sizeof(literal) - 1})

fct_slice fct_slice_of(const char *text);
bool fct_slice_equal(fct_slice a, fct_slice b);
/* ASCII letters are equal in either case; no locale. */
bool fct_slice_equal_nocase(fct_slice a, fct_slice b);
bool fct_slice_starts_nocase(fct_slice text, fct_slice prefix);
fct_slice fct_slice_trim(fct_slice text); /* spaces and tabs at both ends */

/*
 * A growing run of bytes.  All-zero is a valid, empty one.  A failed append leaves the bytes as
 * they were and sets `failed`, which stays: a series of appends may be checked once at its end.
 * ptr[len] is NUL whenever ptr is set.
 */
typedef struct fct_buf {
    char *ptr;
    size_t len;
    size_t cap;
    size_t max; /* refuse to grow beyond, 0: no limit */
    bool failed;
} fct_buf;

/* The slow path of fct_buf_reserve(). */
int fct_buf_grow(fct_buf *buf, size_t more);

/* 0, or FACTEUR_ENOMEM (also when `max` would be passed). */
static inline int fct_buf_reserve(fct_buf *buf, size_t more)
{
    /* The last byte of `cap` is the NUL's, and `cap` never has room for more than `max`. */
    return more < buf->cap - buf->len ? 0 : fct_buf_grow(buf, more);
}

static inline int fct_buf_add(fct_buf *buf, const void *bytes, size_t len)
{
    int result = fct_buf_reserve(buf, len);

    if (result)
        return result;
    if (len)
        memcpy(buf->ptr + buf->len, bytes, len);
    buf->len += len;
    buf->ptr[buf->len] = '\0';
    return 0;
}

int fct_buf_add_text(fct_buf *buf, const char *text);
int fct_buf_add_slice(fct_buf *buf, fct_slice slice);
int fct_buf_add_char(fct_buf *buf, char byte);
int fct_buf_add_number(fct_buf *buf, uint64_t number); /* in decimal digits */
int fct_buf_addf(fct_buf *buf, const char *format, ...) __attribute__((format(printf, 2, 3)));
int fct_buf_addv(fct_buf *buf, const char *format, va_list args);
/* Drop `count` bytes at the front. */
void fct_buf_consume(fct_buf *buf, size_t count);
void fct_buf_clear(fct_buf *buf); /* empty, memory and `max` kept, `failed` forgotten */
void fct_buf_done(fct_buf *buf);  /* free the memory */
void fct_buf_wipe(fct_buf *buf);  /* the same, for secrets: zeroed before */
/* Return the bytes as NUL-terminated text, which the caller frees with fct_free(); NULL if an
 * append had failed. */
char *fct_buf_take(fct_buf *buf, size_t *len);

/* Two lower-case digits for each byte, no NUL; returns where they end. */
char *fct_hex(char *out, const void *bytes, size_t len);

static inline int fct_ascii_lower(int byte)
{
    return byte >= 'A' && byte <= 'Z' ? byte + ('a' - 'A') : byte;
}

static inline bool fct_is_alpha(int byte)
{
    int lower = fct_ascii_lower(byte);

    return lower >= 'a' && lower <= 'z';
}

static inline bool fct_is_digit(int byte)
{
    return byte >= '0' && byte <= '9';
}

static inline bool fct_is_alnum(int byte)
{
    return fct_is_alpha(byte) || fct_is_digit(byte);
}

/* The value of a hexadecimal digit, or -1. */
static inline int fct_hex_digit(int byte)
{
    int lower = fct_ascii_lower(byte);

    if (fct_is_digit(byte))
        return byte - '0';
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

#endif
