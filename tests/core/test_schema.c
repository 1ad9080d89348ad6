/* SPDX-License-Identifier: MIT */
/* letters/: core/schema and the reader's tables name the same fields, and need the same ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "support/letter_corpus.h"

static json_t *load(const char *name)
{
    char path[1024];
    json_error_t problem;
    json_t *schema;

    snprintf(path, sizeof path, "%s/core/schema/%s.json", getenv("FCT_SOURCE_ROOT"), name);
    schema = json_load_file(path, JSON_REJECT_DUPLICATES, &problem);
    if (!schema)
        fail_msg("%s:%d: %s", path, problem.line, problem.text);
    return schema;
}

/* A schema that only refers stands for what it refers to. */
static const json_t *resolve(const json_t *root, const json_t *schema)
{
    const char *ref = json_string_value(json_object_get(schema, "$ref"));

    if (!ref)
        return schema;
    assert_memory_equal(ref, "#/$defs/", 8);
    return json_object_get(json_object_get(root, "$defs"), ref + 8);
}

static bool is_required(const json_t *schema, const char *name)
{
    const json_t *required = json_object_get(schema, "required");

    for (size_t i = 0; i < json_array_size(required); i++) {
        if (strcmp(json_string_value(json_array_get(required, i)), name) == 0)
            return true;
    }
    return false;
}

static void compare(const json_t *root, const json_t *schema, const struct fct_shape *shape)
{
    const json_t *properties = json_object_get(schema, "properties");

    assert_int_equal(json_object_size(properties), shape->count);
    assert_true(json_is_false(json_object_get(schema, "additionalProperties")));
    for (size_t i = 0; i < shape->count; i++) {
        const struct fct_field *field = &shape->fields[i];
        const json_t *property = json_object_get(properties, field->name);

        if (!property || !json_object_get(property, "description"))
            fail_msg("the schema does not describe \"%s\"", field->name);
        if (is_required(schema, field->name) != field->required)
            fail_msg("\"%s\" is required in one place only", field->name);
        property = resolve(root, property);
        if (field->kind == FCT_OBJECTS)
            property = resolve(root, json_object_get(property, "items"));
        if (field->shape)
            compare(root, property, field->shape);
    }
}

static void check(const char *name, const struct fct_shape *shape)
{
    json_t *schema = load(name);

    compare(schema, schema, shape);
    json_decref(schema);
}

static void schemas_and_reader_agree(void **state)
{
    for (size_t i = 0; i < fct_letter_kind_count; i++)
        check(fct_letter_kinds[i]->schema, fct_letter_kinds[i]->shape);
    check("letter_options", &fct_letter_options_shape);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(schemas_and_reader_agree),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
