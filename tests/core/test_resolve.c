/* SPDX-License-Identifier: MIT */
/* net/resolve and net/endpoint: what is answered without asking a server. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>

#include "net/loop.h"
#include "net/resolve.h"
#include "support/loop_run.h"

struct found {
    fct_endpoint addresses[4];
    size_t count;
    const char *failure;
    bool finished;
};

static void on_found(void *user, const fct_endpoint *addresses, size_t count, const char *failure,
                     unsigned left)
{
    struct found *found = user;

    for (size_t i = 0; i < count && found->count < 4; i++)
        found->addresses[found->count++] = addresses[i];
    if (failure)
        found->failure = failure;
    found->finished = left == 0;
}

static struct found resolve(const char *host)
{
    fct_loop *loop = fct_loop_new();
    struct found found = {0};
    fct_resolve *asked;

    assert_non_null(loop);
    asked = fct_resolve_start(loop, host, 25, FCT_FAMILY_ANY, on_found, &found);
    assert_non_null(asked);
    assert_false(found.finished);
    run_until_set(loop, &found.finished);
    fct_resolve_free(asked);
    fct_loop_free(loop);
    return found;
}

static void literals_and_localhost_are_known(void **state)
{
    static const struct {
        const char *host, *first, *second;
    } cases[] = {
        {"192.0.2.1", "192.0.2.1:25", NULL},
        {"2001:db8::1", "[2001:db8::1]:25", NULL},
        {"localhost", "[::1]:25", "127.0.0.1:25"},
        {"db.LOCALHOST.", "[::1]:25", "127.0.0.1:25"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct found found = resolve(cases[i].host);
        char text[FCT_ENDPOINT_TEXT];

        assert_null(found.failure);
        assert_int_equal(found.count, cases[i].second ? 2 : 1);
        fct_endpoint_text(&found.addresses[0], text);
        assert_string_equal(text, cases[i].first);
        if (!cases[i].second)
            continue;
        fct_endpoint_text(&found.addresses[1], text);
        assert_string_equal(text, cases[i].second);
    }
}

static void a_zone_is_an_interface(void **state)
{
    struct if_nameindex *interfaces = if_nameindex();
    char host[64], wanted[96], text[FCT_ENDPOINT_TEXT];
    struct found found;

    assert_non_null(interfaces);
    assert_int_not_equal(interfaces[0].if_index, 0);
    snprintf(host, sizeof host, "fe80::1%%%s", interfaces[0].if_name);
    snprintf(wanted, sizeof wanted, "[%s]:25", host);
    found = resolve(host);
    assert_int_equal(found.count, 1);
    assert_int_equal(
        ((const struct sockaddr_in6 *)(const void *)&found.addresses[0].sock)->sin6_scope_id,
        interfaces[0].if_index);
    fct_endpoint_text(&found.addresses[0], text);
    assert_string_equal(text, wanted);
    if_freenameindex(interfaces);
}

/* It is no name either: no server is asked. */
static void an_unknown_zone_is_told(void **state)
{
    static const char *const hosts[] = {"fe80::1%nosuch0", "fe80::1%", "192.0.2.1%lo", "a%b"};

    for (size_t i = 0; i < sizeof hosts / sizeof hosts[0]; i++) {
        struct found found = resolve(hosts[i]);

        assert_int_equal(found.count, 0);
        assert_non_null(found.failure);
        assert_non_null(strstr(found.failure, "no network interface"));
    }
}

/* So that nobody is told to wait for them. */
static void only_a_name_is_asked_for(void **state)
{
    static const char *const hosts[] = {"192.0.2.1", "2001:db8::1", "localhost", "relay.invalid"};
    fct_loop *loop = fct_loop_new();

    for (size_t i = 0; i < sizeof hosts / sizeof hosts[0]; i++) {
        fct_resolve *resolve =
            fct_resolve_start(loop, hosts[i], 25, FCT_FAMILY_ANY, on_found, NULL);

        assert_int_equal(fct_resolve_asks(resolve), i == 3);
        fct_resolve_free(resolve);
    }
    fct_loop_free(loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(literals_and_localhost_are_known),
        cmocka_unit_test(a_zone_is_an_interface),
        cmocka_unit_test(an_unknown_zone_is_told),
        cmocka_unit_test(only_a_name_is_asked_for),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
