/* SPDX-License-Identifier: MIT */
/*
 * Reads JSON strictly into structs, by tables: the fields of a letter are written down once, and
 * every refusal gives its path ("items[2].unit_price").
 */
#ifndef FCT_SHAPE_H
#define FCT_SHAPE_H

#include "base/notes.h"
#include "facteur.h"
#include "letters/arena.h"
#include "letters/decimal.h"
#include "letters/locale.h"

#include <jansson.h>

#define FCT_JSON_MAX ((size_t)4 << 20)   /* bytes of JSON in one letter */
#define FCT_LIST_MAX 10000               /* entries of one list */
#define FCT_TEXT_MAX ((size_t)256 << 10) /* bytes of one text */

/* The content of a field, and the type of the struct's member. */
enum fct_kind {
    FCT_LINE,      /* fct_slice: one line; runs of control characters become a space */
    FCT_ID,        /* fct_slice: a line, which may be given as a whole number */
    FCT_CHOICE,    /* fct_slice: a line, a number, or true (a check mark) or false (nothing) */
    FCT_PROSE,     /* fct_slice: lines ending in LF; other control characters become a space */
    FCT_ADDRESS,   /* fct_slice: an address; mime/ checks it when it is used */
    FCT_LINK,      /* fct_slice: an http or https URL; empty, with a note, when it is another */
    FCT_PICTURE,   /* the same, or "cid:…" for an inline part */
    FCT_AMOUNT,    /* fct_decimal */
    FCT_POSITIVE,  /* fct_decimal, not negative */
    FCT_RATE,      /* fct_decimal, not negative; may be a float: no money is lost in it */
    FCT_QUANTITY,  /* fct_decimal, above zero */
    FCT_FLAG,      /* bool */
    FCT_DAY,       /* struct fct_day */
    FCT_ADDRESSES, /* struct fct_series of fct_slice: one text, or a list of texts */
    FCT_PAIRS,   /* struct fct_series of struct fct_pair: an object whose names the user chooses */
    FCT_OBJECT,  /* pointer to the shape's struct, NULL when not given */
    FCT_OBJECTS, /* struct fct_series of the shape's struct */
    FCT_RAW      /* const json_t *: an object that another reader reads, NULL when not given */
};

struct fct_series {
    void *at;
    size_t count;
};

struct fct_pair {
    fct_slice name;
    fct_slice value;
};

struct fct_field {
    const char *name;
    enum fct_kind kind;
    size_t offset;
    bool required;
    const struct fct_shape *shape;
};

struct fct_shape {
    const struct fct_field *fields;
    size_t count;
    size_t size; /* of the struct */
    const struct fct_field
        *shorthand; /* the field that a plain value instead of the object sets, or NULL */
};

/* Rows of a shape's table, and the shape of a struct whose fields are such a table. */
#define FCT_FIELD(type, member, kind)                                                              \
    {                                                                                              \
#member, kind, offsetof(struct type, member), false, NULL                                  \
    }
#define FCT_NEEDED(type, member, kind)                                                             \
    {                                                                                              \
#member, kind, offsetof(struct type, member), true, NULL                                   \
    }
#define FCT_PART(type, member, kind, shape)                                                        \
    {                                                                                              \
#member, kind, offsetof(struct type, member), false, &(shape)                              \
    }
#define FCT_NEEDED_PART(type, member, kind, shape)                                                 \
    {                                                                                              \
#member, kind, offsetof(struct type, member), true, &(shape)                               \
    }
#define FCT_SHAPE(type, fields, shorthand)                                                         \
    {                                                                                              \
        fields, sizeof(fields) / sizeof((fields)[0]), sizeof(struct type), shorthand               \
    }

/* The present place in the JSON; it lives on the stack. */
struct fct_path {
    const struct fct_path *up;
    const char *name; /* NULL: an index */
    size_t index;
};

struct fct_reading {
    fct_arena *arena;
    facteur_error **error;
    fct_notes *notes; /* what was mended or left out; NULL: nobody wants to know */
};

/*
 * Parse JSON whose outermost value is an object.  Returns 0, FACTEUR_ENOMEM, or FACTEUR_EMESSAGE
 * when it is malformed (the error gives line and column), has a key twice, or is too long.
 *
 * notes   Get a note when broken characters were replaced (json_mend.h).  NULL is fine.
 */
int fct_json_load(const char *json, size_t len, json_t **out, fct_notes *notes,
                  facteur_error **error);

/*
 * Read an object into its zeroed struct.  Texts are borrowed from `json` or from the arena.
 * Returns 0, FACTEUR_ENOMEM, or FACTEUR_EMESSAGE with the path as `where` when a field is unknown,
 * missing or malformed.
 */
int fct_shape_read(const struct fct_reading *reading, const struct fct_path *path,
                   const json_t *json, const struct fct_shape *shape, void *out);

/*
 * The text at a path of names ("customer.email") in a struct that was read.  Empty when it was not
 * given or the shape has no text there.
 */
fct_slice fct_shape_text(const struct fct_shape *shape, const void *object, const char *path);

/* Read one value that is neither an object nor a list; shape_value.c. */
int fct_shape_read_value(const struct fct_reading *reading, const struct fct_path *path,
                         const json_t *json, enum fct_kind kind, void *member);

/* Refuse a value: the error's `where` is its path. */
int fct_shape_refuse(const struct fct_reading *reading, const struct fct_path *path,
                     const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Refuse with "expected <what>, got <the value, shortened>". */
int fct_shape_expected(const struct fct_reading *reading, const struct fct_path *path,
                       const char *what, const json_t *got);

/* Note what was mended or left out; the path goes before it. */
void fct_shape_note(const struct fct_reading *reading, const struct fct_path *path,
                    const char *format, ...) __attribute__((format(printf, 3, 4)));

/* The text without control characters.  It is borrowed when it has none, else in the arena. */
fct_slice fct_clean_line(fct_arena *arena, fct_slice text);
fct_slice fct_clean_prose(fct_arena *arena, fct_slice text);

#endif
