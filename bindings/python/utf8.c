/* SPDX-License-Identifier: MIT */
/*
 * The UTF-8 of a str.  CPython has that of ASCII at hand; what it makes of other text it makes
 * character by character, and keeps for as long as the str lives.  Long text is encoded here.
 */
#include "binding.h"

#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#define LONG_TEXT 256 /* characters: below it CPython's own way is as short */
#define PIECE 4096    /* characters that are widened at once */
#define BLOCK 16
#define WIDEST 4 /* bytes of a character */

int fpy_utf8(fpy_state *state, const char *where, PyObject *value, const char **text, size_t *len)
{
    Py_ssize_t size;
    const char *utf8;

    if (!PyUnicode_Check(value)) {
        fpy_refuse(state, where, "str", value);
        return -1;
    }
    utf8 = PyUnicode_AsUTF8AndSize(value, &size);
    if (!utf8) {
        if (!PyErr_ExceptionMatches(PyExc_UnicodeEncodeError))
            return -1;
        PyErr_Clear();
        fpy_raise_text(state, FACTEUR_EMESSAGE, FPY_MESSAGE_ERROR, where,
                       "the text has a lone surrogate, which UTF-8 cannot express");
        return -1;
    }
    *text = utf8;
    *len = (size_t)size;
    return 0;
}

int fpy_cstring(fpy_state *state, const char *where, PyObject *value, const char **text)
{
    size_t len;

    if (fpy_utf8(state, where, value, text, &len))
        return -1;
    if (strlen(*text) == len)
        return 0;
    fpy_raise_text(state, FACTEUR_EMESSAGE, FPY_MESSAGE_ERROR, where, "the text has a NUL at %zu",
                   strlen(*text));
    return -1;
}

/* One character; NULL for a surrogate. */
static char *put(char *to, Py_UCS4 character)
{
    if (character < 0x80) {
        *to++ = (char)character;
        return to;
    }
    if (character < 0x800) {
        *to++ = (char)(0xc0 | character >> 6);
    } else {
        if (character < 0x10000) {
            if (character >> 11 == 0xd800 >> 11)
                return NULL;
            *to++ = (char)(0xe0 | character >> 12);
        } else {
            *to++ = (char)(0xf0 | character >> 18);
            *to++ = (char)(0x80 | (character >> 12 & 0x3f));
        }
        *to++ = (char)(0x80 | (character >> 6 & 0x3f));
    }
    *to++ = (char)(0x80 | (character & 0x3f));
    return to;
}

/* Copy BLOCK characters as bytes; returns how many stand before the first outside ASCII. */
static int put_ascii(char *to, const Py_UCS4 *at)
{
#ifdef __SSE2__
    /* Packing saturates, which leaves a top bit to whatever is not ASCII. */
    const __m128i *in = (const __m128i *)at;
    __m128i low = _mm_packs_epi32(_mm_loadu_si128(in), _mm_loadu_si128(in + 1));
    __m128i high = _mm_packs_epi32(_mm_loadu_si128(in + 2), _mm_loadu_si128(in + 3));
    __m128i bytes = _mm_packus_epi16(low, high);

    _mm_storeu_si128((__m128i *)to, bytes);
    return __builtin_ctz((unsigned)_mm_movemask_epi8(bytes) | 1U << BLOCK);
#else
    int i = 0;

    for (; i < BLOCK && at[i] < 0x80; i++)
        to[i] = (char)at[i];
    return i;
#endif
}

/* Encode what stands before `end` to where WIDEST bytes a character are free; NULL at a surrogate.
 */
static char *put_all(char *to, const Py_UCS4 *at, const Py_UCS4 *end)
{
    while (to && end - at >= BLOCK) {
        int count = put_ascii(to, at);

        /* Steps of one size: the next load need not wait for the count. */
        if (count == BLOCK) {
            to += BLOCK;
            at += BLOCK;
            continue;
        }
        to += count;
        at += count;
        do
            to = put(to, *at++);
        while (to && at < end && *at >= 0x80);
    }
    while (to && at < end)
        to = put(to, *at++);
    return to;
}

/* Encode the piece of a str that begins at `from` behind what there is.  0; -1 with an exception; 1
 * at a surrogate. */
static int add_piece(struct fpy_encoded *encoded, size_t *room, PyObject *value, Py_ssize_t from)
{
    Py_UCS4 wide[PIECE];
    PyObject *piece = PyUnicode_Substring(value, from, from + PIECE);
    Py_ssize_t count = piece ? PyUnicode_GetLength(piece) : -1;
    char *end;

    if (count < 0 || !PyUnicode_AsUCS4(piece, wide, PIECE, 0)) {
        Py_XDECREF(piece);
        return -1;
    }
    Py_DECREF(piece);
    if (*room - encoded->len < (size_t)count * WIDEST) {
        size_t more = encoded->len + encoded->len / 2 + (size_t)count * WIDEST;
        char *grown = PyMem_Realloc(encoded->own, more);

        if (!grown) {
            PyErr_NoMemory();
            return -1;
        }
        encoded->own = grown;
        *room = more;
    }
    end = put_all(encoded->own + encoded->len, wide, wide + count);
    if (!end)
        return 1;
    encoded->len = (size_t)(end - encoded->own);
    return 0;
}

/* Whether CPython needs to encode the text, and so much of it that it is better done here. */
static int is_work(fpy_state *state, PyObject *value)
{
    PyObject *ascii;

    if (!PyUnicode_Check(value) || PyUnicode_GetLength(value) < LONG_TEXT)
        return 0;
    ascii = PyObject_CallFunctionObjArgs(state->objects[FPY_IS_ASCII], value, NULL);
    Py_XDECREF(ascii);
    return ascii ? ascii == Py_False : -1;
}

int fpy_encode(fpy_state *state, const char *where, PyObject *value, struct fpy_encoded *encoded)
{
    int work = is_work(state, value);
    int failed = work < 0 ? -1 : 0;
    size_t room = 0;

    *encoded = (struct fpy_encoded){NULL, 0, NULL};
    for (Py_ssize_t at = 0; work > 0 && !failed && at < PyUnicode_GetLength(value); at += PIECE)
        failed = add_piece(encoded, &room, value, at);
    encoded->text = encoded->own;
    /* A surrogate is left to CPython, so that it is told of in one place. */
    if (failed > 0 || work == 0)
        failed = fpy_utf8(state, where, value, &encoded->text, &encoded->len);
    if (failed)
        fpy_encode_done(encoded);
    return failed;
}

void fpy_encode_done(struct fpy_encoded *encoded)
{
    PyMem_Free(encoded->own);
    encoded->own = NULL;
}
