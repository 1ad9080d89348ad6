/* SPDX-License-Identifier: MIT */
/* outbox/sqlite_wake: who waits for mails hears of every write to the file, and of nothing else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "support/expect.h"
#include "support/outbox_fixture.h"

static bool is_woken(fct_store *store)
{
    struct pollfd fd = {fct_store_wake_fd(store), POLLIN, 0};

    return poll(&fd, 1, 0) > 0;
}

static fct_store *another(const struct outbox *box)
{
    fct_store *store = NULL;

    assert_int_equal(fct_store_open(box->url, false, &store, NULL), 0);
    return store;
}

static void a_write_of_another_wakes(void **state)
{
    struct outbox *box = *state;
    fct_store *waiting = another(box);
    int64_t ready_us, lease_us;

    assert_true(fct_store_wake_fd(waiting) >= 0);
    assert_int_equal(fct_store_wake_fd(waiting), fct_store_wake_fd(waiting));
    assert_int_equal(fcntl(fct_store_wake_fd(waiting), F_GETFD), FD_CLOEXEC);
    assert_false(is_woken(waiting));
    for (int i = 0; i < 3; i++) {
        put_key(box->store, NULL);
        assert_true(is_woken(waiting));
        fct_store_woken(waiting);
        assert_false(is_woken(waiting));
    }
    /* To look writes nothing. */
    assert_int_equal(fct_store_next(waiting, &ready_us, &lease_us, NULL), 0);
    assert_int_equal(fct_store_next(box->store, &ready_us, &lease_us, NULL), 0);
    assert_false(is_woken(waiting));
    fct_store_close(waiting);
}

/* A child has a descriptor of its own: what it reads its parent does not miss. */
static void a_child_wakes_for_itself(void **state)
{
    struct outbox *box = *state;
    fct_store *waiting = another(box);
    int status = -1;

    assert_false(is_woken(waiting));
    if (fork() == 0) {
        EXPECT(!is_woken(waiting));
        put_key(waiting, NULL);
        EXPECT(is_woken(waiting));
        fct_store_woken(waiting);
        _exit(0);
    }
    wait(&status);
    assert_int_equal(status, 0);
    assert_true(is_woken(waiting));
    fct_store_close(waiting);
}

/* The log is used anew after a checkpoint, and it is still the one that is watched. */
static void a_log_that_begins_anew_wakes(void **state)
{
    struct outbox *box = *state;
    fct_store *waiting = another(box);
    static char bytes[1 << 20];
    struct fct_store_mail mail = a_mail(NULL);

    mail.bytes = (fct_slice){bytes, sizeof bytes};
    for (int i = 0; i < 40; i++) {
        assert_false(is_woken(waiting));
        put_mail(box->store, &mail);
        assert_true(is_woken(waiting));
        fct_store_woken(waiting);
    }
    fct_store_close(waiting);
}

#define OUTBOX_TEST(test) cmocka_unit_test_setup_teardown(test, outbox_set_up, outbox_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        OUTBOX_TEST(a_write_of_another_wakes),
        OUTBOX_TEST(a_child_wakes_for_itself),
        OUTBOX_TEST(a_log_that_begins_anew_wakes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
