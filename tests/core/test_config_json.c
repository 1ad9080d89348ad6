/* SPDX-License-Identifier: MIT */
/* config/config_json: members by kind, the files that are named, and secrets of a text or a file.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/error.h"
#include "base/memory.h"
#include "config/config_json.h"

struct all {
    fct_slice text;
    bool flag;
    int64_t seconds;
    const json_t *texts, *object, *list;
};

static const struct fct_config_member members[] = {
    {"text", FCT_CONFIG_TEXT, offsetof(struct all, text)},
    {"flag", FCT_CONFIG_FLAG, offsetof(struct all, flag)},
    {"seconds", FCT_CONFIG_SECONDS, offsetof(struct all, seconds)},
    {"texts", FCT_CONFIG_TEXTS, offsetof(struct all, texts)},
    {"object", FCT_CONFIG_OBJECT, offsetof(struct all, object)},
    {"list", FCT_CONFIG_LIST, offsetof(struct all, list)},
};

static json_t *load(const char *text)
{
    json_t *json = NULL;

    assert_int_equal(fct_config_load(fct_slice_of(text), "dkim", &json, NULL), 0);
    return json;
}

/* The sentence about what is refused, or NULL when it is read. */
static void expect(const char *text, const char *where, const char *told)
{
    json_t *json = load(text);
    facteur_error *error = NULL;
    struct all all = {0};
    int err = fct_config_read(json, "dkim[0]", members, 6, &all, &error);

    if (!told) {
        if (err)
            fail_msg("%s: %s", text, facteur_error_message(error));
    } else {
        assert_int_equal(err, FACTEUR_ECONFIG);
        assert_string_equal(facteur_error_where(error), where);
        assert_string_equal(facteur_error_message(error), told);
    }
    facteur_error_free(error);
    fct_config_free(json);
}

static void members_have_their_kinds(void **state)
{
    expect("{}", NULL, NULL);
    expect("{\"text\":null,\"flag\":null,\"seconds\":null,\"texts\":null,\"list\":null}", NULL,
           NULL);
    expect("{\"text\":\"x\",\"flag\":true,\"seconds\":1,\"texts\":[],\"object\":{},\"list\":[1]}",
           NULL, NULL);
    expect("{\"seconds\":315360000,\"texts\":[\"a\",\"b\"]}", NULL, NULL);
    expect("[]", "dkim[0]", "dkim[0]: expected an object, got a list");
    expect("{\"text\":\"\"}", "dkim[0].text",
           "dkim[0].text: expected a text that is not empty, got another text");
    expect("{\"text\":1}", "dkim[0].text",
           "dkim[0].text: expected a text that is not empty, got a number");
    expect("{\"flag\":1.5}", "dkim[0].flag", "dkim[0].flag: expected true or false, got a number");
    expect("{\"seconds\":0}", "dkim[0].seconds",
           "dkim[0].seconds: expected whole seconds from 1 to 315360000, got a number");
    expect("{\"seconds\":315360001}", "dkim[0].seconds",
           "dkim[0].seconds: expected whole seconds from 1 to 315360000, got a number");
    expect("{\"seconds\":true}", "dkim[0].seconds",
           "dkim[0].seconds: expected whole seconds from 1 to 315360000, got true");
    expect("{\"texts\":[\"a\",false]}", "dkim[0].texts",
           "dkim[0].texts: expected a list of texts, got a list");
    expect("{\"texts\":\"a\"}", "dkim[0].texts",
           "dkim[0].texts: expected a list of texts, got another text");
    expect("{\"object\":false}", "dkim[0].object", "dkim[0].object: expected an object, got false");
    expect("{\"list\":{}}", "dkim[0].list", "dkim[0].list: expected a list, got an object");
    expect("{\"secondz\":1}", "dkim[0].secondz",
           "dkim[0].secondz: there is no such member; did you mean seconds?");
    expect("{\"qqqqqqqq\":1}", "dkim[0].qqqqqqqq", "dkim[0].qqqqqqqq: there is no such member");
}

static void what_is_read_is_what_was_given(void **state)
{
    json_t *json = load("{\"text\":\"ab\",\"flag\":true,\"seconds\":7,\"texts\":[\"x\"],"
                        "\"object\":{\"a\":1},\"list\":[1,2]}");
    struct all all = {0};

    assert_int_equal(fct_config_read(json, "dkim", members, 6, &all, NULL), 0);
    assert_true(fct_slice_equal(all.text, FCT_SLICE("ab")));
    assert_true(all.flag);
    assert_int_equal(all.seconds, 7);
    assert_int_equal(json_array_size(all.texts), 1);
    assert_int_equal(json_object_size(all.object), 1);
    assert_int_equal(json_array_size(all.list), 2);
    fct_config_free(json);
    fct_config_free(NULL);
}

static void no_error_quotes_the_text(void **state)
{
    static const char *const rows[][2] = {
        {"{\"key\": secret}", "dkim is not JSON: line 1, column 14 cannot be read"},
        {"{\"secret\":1,\n\"secret\":2}", "dkim has a name twice at line 2, column 8"},
        {"", "dkim is not JSON: line 1, column 0 cannot be read"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        facteur_error *error = NULL;
        json_t *json = NULL;

        assert_int_equal(fct_config_load(fct_slice_of(rows[i][0]), "dkim", &json, &error),
                         FACTEUR_ECONFIG);
        assert_string_equal(facteur_error_message(error), rows[i][1]);
        assert_null(json);
        facteur_error_free(error);
    }
}

static char seen[400];

static int note(void *user, const char *where, const char *path)
{
    int *left = user;

    snprintf(seen + strlen(seen), sizeof seen - strlen(seen), "%s=%s ", where, path);
    return --*left ? 0 : -7;
}

static void the_files_are_walked(void **state)
{
    static const char text[] =
        "[{\"key_file\":\"/a\",\"key\":\"/no\",\"_file\":\"/no\",\"x_file\":7,"
        "\"chain_file\":\"/b\"},{\"sign\":{\"key_file\":\"/c\"},\"list\":[{\"k_file\":\"/d\"}]}]";
    int left = 9;

    *seen = '\0';
    assert_int_equal(fct_config_walk_files(FCT_SLICE(text), "dkim", note, &left, NULL), 0);
    assert_string_equal(seen, "dkim[0].key_file=/a dkim[0].chain_file=/b dkim[1].sign.key_file=/c "
                              "dkim[1].list[0].k_file=/d ");
    for (int stop = 1; stop <= 4; stop++) {
        left = stop;
        assert_int_equal(fct_config_walk_files(FCT_SLICE(text), "dkim", note, &left, NULL), -7);
        assert_int_equal(left, 0);
    }
    assert_int_equal(fct_config_walk_files(FCT_SLICE("{"), "dkim", note, &left, NULL),
                     FACTEUR_ECONFIG);
}

static void expect_secret(const char *text, const char *path, const char *secret, const char *where,
                          const char *told)
{
    facteur_error *error = NULL;
    fct_secret *got = NULL;
    int err = fct_config_text_or_file(fct_slice_of(text), fct_slice_of(path), "dkim[0]", "key",
                                      &got, &error);

    if (secret) {
        assert_int_equal(err, 0);
        assert_true(fct_slice_equal(fct_secret_bytes(got), fct_slice_of(secret)));
    } else {
        assert_int_equal(err, FACTEUR_ECONFIG);
        assert_null(got);
        assert_string_equal(facteur_error_where(error), where);
        assert_string_equal(facteur_error_message(error), told);
    }
    fct_secret_unref(got);
    facteur_error_free(error);
}

static void a_secret_is_a_text_or_a_file(void **state)
{
    char path[] = "/tmp/facteur-test-XXXXXX", told[200];
    int fd = mkstemp(path);
    char *large = calloc(1, (1 << 20) + 1);

    expect_secret("abc", "", "abc", NULL, NULL);
    expect_secret("", "", NULL, "dkim[0].key", "dkim[0].key: missing: give key or key_file");
    expect_secret("a", "/b", NULL, "dkim[0].key_file",
                  "dkim[0].key_file: give key or key_file, not both");
    expect_secret("", "/nonexistent/x", NULL, "dkim[0].key_file",
                  "dkim[0].key_file: cannot read \"/nonexistent/x\": No such file or directory");
    snprintf(told, sizeof told, "dkim[0].key_file: cannot read \"%s\": No data available", path);
    expect_secret("", path, NULL, "dkim[0].key_file", told);
    assert_int_equal(write(fd, "from a file\n", 12), 12);
    expect_secret("", path, "from a file\n", NULL, NULL);
    memset(large, 'x', 1 << 20);
    assert_int_equal(ftruncate(fd, 0), 0);
    assert_int_equal(pwrite(fd, large, (1 << 20) - 1, 0), (1 << 20) - 1);
    large[(1 << 20) - 1] = '\0';
    expect_secret("", path, large, NULL, NULL);
    assert_int_equal(ftruncate(fd, 1 << 20), 0);
    snprintf(told, sizeof told, "dkim[0].key_file: cannot read \"%s\": File too large", path);
    expect_secret("", path, NULL, "dkim[0].key_file", told);
    free(large);
    close(fd);
    unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(members_have_their_kinds),
        cmocka_unit_test(what_is_read_is_what_was_given),
        cmocka_unit_test(no_error_quotes_the_text),
        cmocka_unit_test(the_files_are_walked),
        cmocka_unit_test(a_secret_is_a_text_or_a_file),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
