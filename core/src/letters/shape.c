/* SPDX-License-Identifier: MIT */
/* Reads JSON objects and lists by their tables.  shape_value.c reads the values. */
#include "letters/shape.h"

#include "base/error.h"
#include "base/memory.h"
#include "base/utf8.h"
#include "letters/json_mend.h"
#include "letters/json_quick.h"

#include <stdio.h>
#include <string.h>

#define NAMES_MAX 64

static bool is_short_of_memory(const json_error_t *problem)
{
    return json_error_code(problem) == json_error_out_of_memory ||
           json_error_code(problem) == json_error_unknown;
}

/* Strangers and databases may break a text, but this must not stop the letter. */
static json_t *load_mended(fct_slice json, json_error_t *problem)
{
    fct_buf mended = {0};
    json_t *root = NULL;

    fct_json_mend(json, &mended);
    *problem = (json_error_t){0};
    if (!mended.failed)
        root = json_loadb(mended.ptr, mended.len, JSON_REJECT_DUPLICATES, problem);
    fct_buf_done(&mended);
    return root;
}

int fct_json_load(const char *json, size_t len, json_t **out, fct_notes *notes,
                  facteur_error **error)
{
    /* Jansson reports nothing when it has no memory for its first buffer. */
    json_error_t problem = {0};
    json_t *root;

    if (len == FACTEUR_NTS)
        len = strlen(json);
    if (len > FCT_JSON_MAX)
        return fct_error_set(error, FACTEUR_EMESSAGE, NULL,
                             "the JSON has %zu bytes, a letter's may have at most %zu: leave "
                             "something out and link to it",
                             len, FCT_JSON_MAX);
    if (!len)
        return fct_error_set(error, FACTEUR_EMESSAGE, NULL, "expected a JSON object, got nothing");
    root = fct_json_quick((fct_slice){json, len});
    if (!root)
        root = json_loadb(json, len, JSON_REJECT_DUPLICATES, &problem);
    if (!root && !is_short_of_memory(&problem)) {
        root = load_mended((fct_slice){json, len}, &problem);
        if (root && notes)
            fct_notes_add(notes, "the data had broken characters or NULs, which were replaced");
    }
    if (!root && is_short_of_memory(&problem))
        return fct_error_nomem(error);
    if (!root) {
        /* Jansson quotes the input and may cut it within a character. */
        size_t good = fct_utf8_check(fct_slice_of(problem.text));

        return fct_error_set(error, FACTEUR_EMESSAGE, NULL,
                             "malformed JSON at line %d, column %d: %.*s", problem.line,
                             problem.column, (int)good, problem.text);
    }
    if (!json_is_object(root)) {
        json_decref(root);
        return fct_error_set(error, FACTEUR_EMESSAGE, NULL, "expected a JSON object");
    }
    *out = root;
    return 0;
}

static void write_path(fct_buf *out, const struct fct_path *path)
{
    if (!path)
        return;
    write_path(out, path->up);
    if (!path->name)
        fct_buf_addf(out, "[%zu]", path->index);
    else
        fct_buf_addf(out, "%s%s", out->len ? "." : "", path->name);
}

int fct_shape_refuse(const struct fct_reading *reading, const struct fct_path *path,
                     const char *format, ...)
{
    fct_buf where = {0}, text = {0};
    va_list args;
    int code;

    write_path(&where, path);
    va_start(args, format);
    fct_buf_addv(&text, format, args);
    va_end(args);
    code = where.failed || text.failed
               ? fct_error_nomem(reading->error)
               : fct_error_set(reading->error, FACTEUR_EMESSAGE, where.ptr, "%s", text.ptr);
    fct_buf_done(&where);
    fct_buf_done(&text);
    return code;
}

void fct_shape_note(const struct fct_reading *reading, const struct fct_path *path,
                    const char *format, ...)
{
    fct_buf note = {0};
    va_list args;

    if (!reading->notes)
        return;
    write_path(&note, path);
    fct_buf_add_text(&note, path ? ": " : "");
    va_start(args, format);
    fct_buf_addv(&note, format, args);
    va_end(args);
    if (note.failed)
        reading->notes->text.failed = true;
    else
        fct_notes_add(reading->notes, "%s", note.ptr);
    fct_buf_done(&note);
}

static void list_names(const struct fct_shape *shape, fct_buf *out)
{
    for (size_t i = 0; i < shape->count; i++)
        fct_buf_addf(out, "%s%s", i ? ", " : "", shape->fields[i].name);
}

static int refuse_unknown(const struct fct_reading *reading, const struct fct_path *path,
                          const struct fct_shape *shape, const char *name)
{
    const char *names[NAMES_MAX];
    const char *nearest;
    size_t count = shape->count < NAMES_MAX ? shape->count : NAMES_MAX;
    fct_buf known = {0};
    int code;

    for (size_t i = 0; i < count; i++)
        names[i] = shape->fields[i].name;
    nearest = fct_nearest(name, strlen(name), names, count);
    if (nearest)
        return fct_shape_refuse(reading, path, "unknown field; did you mean \"%s\"?", nearest);
    list_names(shape, &known);
    code = known.failed ? fct_error_nomem(reading->error)
                        : fct_shape_refuse(reading, path, "unknown field; known are %s", known.ptr);
    fct_buf_done(&known);
    return code;
}

static int refuse_unknown_fields(const struct fct_reading *reading, const struct fct_path *path,
                                 const json_t *json, const struct fct_shape *shape)
{
    const char *name;
    json_t *value;

    json_object_foreach((json_t *)json, name, value)
    {
        struct fct_path here = {.up = path, .name = name};
        size_t i = 0;

        while (i < shape->count && strcmp(shape->fields[i].name, name) != 0)
            i++;
        if (i == shape->count)
            return refuse_unknown(reading, &here, shape, name);
    }
    return 0;
}

static int read_object(const struct fct_reading *reading, const struct fct_path *path,
                       const json_t *json, const struct fct_shape *shape, void **member)
{
    *member = fct_arena_alloc(reading->arena, 1, shape->size);
    if (!*member)
        return fct_error_nomem(reading->error);
    return fct_shape_read(reading, path, json, shape, *member);
}

/* A list.  PHP turns one with gaps or other keys into an object that holds objects. */
static bool is_list(const json_t *json)
{
    const char *name;
    json_t *value;

    json_object_foreach((json_t *)json, name, value)
    {
        if (!json_is_object(value))
            return false;
    }
    return json_is_array(json) || json_is_object(json);
}

static int read_entries(const struct fct_reading *reading, const struct fct_path *path,
                        const json_t *json, const struct fct_shape *shape, char *at)
{
    const char *name;
    json_t *value;
    size_t i;
    int result = 0;

    json_array_foreach((json_t *)json, i, value)
    {
        struct fct_path here = {.up = path, .index = i};

        result = fct_shape_read(reading, &here, value, shape, at + i * shape->size);
        if (result)
            return result;
    }
    json_object_foreach((json_t *)json, name, value)
    {
        struct fct_path here = {.up = path, .name = name};

        result = fct_shape_read(reading, &here, value, shape, at);
        if (result)
            return result;
        at += shape->size;
    }
    return 0;
}

static int read_objects(const struct fct_reading *reading, const struct fct_path *path,
                        const json_t *json, const struct fct_shape *shape, struct fct_series *list)
{
    size_t count = json_is_array(json) ? json_array_size(json) : json_object_size(json);
    char *at;

    if (!is_list(json))
        return fct_shape_expected(reading, path, "a list", json);
    if (count > FCT_LIST_MAX)
        return fct_shape_refuse(reading, path,
                                "%zu entries are too many, at most %d: link to the others", count,
                                FCT_LIST_MAX);
    at = fct_arena_alloc(reading->arena, count, shape->size);
    if (!at)
        return fct_error_nomem(reading->error);
    *list = (struct fct_series){at, count};
    if (json_object_size(json))
        fct_shape_note(reading, path, "the keys of its entries are ignored");
    return read_entries(reading, path, json, shape, at);
}

static int read_pairs(const struct fct_reading *reading, const struct fct_path *path,
                      const json_t *json, struct fct_series *list)
{
    size_t count = json_object_size(json);
    struct fct_pair *pairs;
    const char *name;
    json_t *value;

    if (!json_is_object(json))
        return fct_shape_expected(reading, path, "an object of names and values", json);
    pairs = fct_arena_alloc(reading->arena, count, sizeof *pairs);
    if (!pairs)
        return fct_error_nomem(reading->error);
    list->at = pairs;
    json_object_foreach((json_t *)json, name, value)
    {
        struct fct_path here = {.up = path, .name = name};
        struct fct_pair *pair = &pairs[list->count];
        int result;

        pair->name = fct_clean_line(reading->arena, fct_slice_of(name));
        result = json_is_null(value)
                     ? 0
                     : fct_shape_read_value(reading, &here, value, FCT_CHOICE, &pair->value);
        if (result)
            return result;
        list->count += pair->value.len ? 1 : 0;
    }
    return 0;
}

/* One address list or several.  mime/ checks the addresses. */
static int read_mailboxes(const struct fct_reading *reading, const struct fct_path *path,
                          const json_t *json, struct fct_series *list)
{
    size_t count = json_is_array(json) ? json_array_size(json) : 1;
    fct_slice *texts;
    int result = 0;

    if (count > FCT_LIST_MAX)
        return fct_shape_refuse(reading, path,
                                "%zu entries are too many, at most %d: link to the others", count,
                                FCT_LIST_MAX);
    texts = fct_arena_alloc(reading->arena, count, sizeof *texts);
    if (!texts)
        return fct_error_nomem(reading->error);
    *list = (struct fct_series){texts, count};
    if (!json_is_array(json))
        return fct_shape_read_value(reading, path, json, FCT_ADDRESS, texts);
    for (size_t i = 0; i < count && result == 0; i++) {
        struct fct_path here = {.up = path, .index = i};

        result =
            fct_shape_read_value(reading, &here, json_array_get(json, i), FCT_ADDRESS, &texts[i]);
    }
    return result;
}

static int read_member(const struct fct_reading *reading, const struct fct_path *path,
                       const json_t *json, const struct fct_field *field, void *member)
{
    switch (field->kind) {
    case FCT_OBJECT:
        return read_object(reading, path, json, field->shape, member);
    case FCT_OBJECTS:
        return read_objects(reading, path, json, field->shape, member);
    case FCT_ADDRESSES:
        return read_mailboxes(reading, path, json, member);
    case FCT_RAW:
        *(const json_t **)member = json;
        return json_is_object(json) ? 0 : fct_shape_expected(reading, path, "an object", json);
    case FCT_PAIRS:
        return read_pairs(reading, path, json, member);
    default:
        return fct_shape_read_value(reading, path, json, field->kind, member);
    }
}

/* PHP has only one empty array.  In an object's place it means that there is no object. */
static bool is_given(const struct fct_reading *reading, const struct fct_path *path,
                     const json_t *value, const struct fct_field *field)
{
    bool is_object =
        field->kind == FCT_OBJECT || field->kind == FCT_PAIRS || field->kind == FCT_RAW;

    if (!value || json_is_null(value))
        return false;
    if (!is_object || !json_is_array(value) || json_array_size(value))
        return true;
    fct_shape_note(reading, path, "an empty list stands for no object");
    return false;
}

static bool is_text(enum fct_kind kind)
{
    return kind <= FCT_PICTURE;
}

int fct_shape_read(const struct fct_reading *reading, const struct fct_path *path,
                   const json_t *json, const struct fct_shape *shape, void *out)
{
    int result;

    if (!json_is_object(json) && shape->shorthand && !json_is_array(json))
        return fct_shape_read_value(reading, path, json, shape->shorthand->kind,
                                    (char *)out + shape->shorthand->offset);
    if (!json_is_object(json))
        return fct_shape_expected(reading, path, "an object", json);
    result = refuse_unknown_fields(reading, path, json, shape);
    for (size_t i = 0; i < shape->count && result == 0; i++) {
        const struct fct_field *field = &shape->fields[i];
        struct fct_path here = {.up = path, .name = field->name};
        const json_t *value = json_object_get(json, field->name);
        void *member = (char *)out + field->offset;

        if (is_given(reading, &here, value, field))
            result = read_member(reading, &here, value, field, member);
        else if (field->required)
            result = fct_shape_refuse(reading, &here, "missing");
        if (result == 0 && field->required && is_text(field->kind) &&
            ((const fct_slice *)member)->len == 0 && !reading->arena->failed)
            result = fct_shape_refuse(reading, &here, "expected text, got an empty text");
    }
    if (result == 0 && reading->arena->failed)
        result = fct_error_nomem(reading->error);
    return result;
}

static const struct fct_field *find_field(const struct fct_shape *shape, const char *name,
                                          size_t len)
{
    for (size_t i = 0; i < shape->count; i++) {
        const char *here = shape->fields[i].name;

        if (*here == *name && strncmp(here, name, len) == 0 && !here[len])
            return &shape->fields[i];
    }
    return NULL;
}

fct_slice fct_shape_text(const struct fct_shape *shape, const void *object, const char *path)
{
    while (shape && object) {
        size_t len = strcspn(path, ".");
        const struct fct_field *field = find_field(shape, path, len);
        const char *member = field ? (const char *)object + field->offset : NULL;

        if (!field)
            break;
        if (!path[len])
            return field->kind <= FCT_PICTURE ? *(const fct_slice *)(const void *)member
                                              : (fct_slice){0};
        if (field->kind != FCT_OBJECT)
            break;
        object = *(void *const *)(const void *)member;
        shape = field->shape;
        path += len + 1;
    }
    return (fct_slice){0};
}
