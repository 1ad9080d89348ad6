/* SPDX-License-Identifier: MIT */
/*
 * Handles a process that ends without closing its mailers.  The mails of its background threads are
 * tried.  QUIT is sent on idle connections, with a moment for the answers.
 */
#include "drive/driver_state.h"
#include "base/clock.h"
#include "net/tls.h"

#include <signal.h>
#include <stdlib.h>

#define EXIT_US 5000000  /* the time for mails in the background */
#define FAREWELL_US 5000 /* for the answers to QUIT, of all relays together */

/* The drivers of this process that have a loop and are not closed. */
static struct {
    pthread_mutex_t lock;
    _Atomic(fct_process) process;
    fct_driver *first;
    bool registered;
} drivers = {.lock = PTHREAD_MUTEX_INITIALIZER};

static pthread_once_t once = PTHREAD_ONCE_INIT;

/* A child begins with a new list: it has none of the threads, and the lock may be held forever. */
static void in_child(void)
{
    pthread_mutex_init(&drivers.lock, NULL);
    drivers.first = NULL;
    atomic_store(&drivers.process, fct_process_now());
}

static void begin(void)
{
    static struct fct_process_hook hook = {.in_child = in_child};

    in_child();
    fct_process_at_fork(&hook);
}

static bool is_listed_here(void)
{
    return atomic_load(&drivers.process) == fct_process_ask();
}

static void close_background(void)
{
    fct_driver *driver;

    do {
        pthread_mutex_lock(&drivers.lock);
        for (driver = drivers.first; driver && !driver->background; driver = driver->next)
            ;
        pthread_mutex_unlock(&drivers.lock);
        if (driver)
            fct_driver_close(driver, EXIT_US);
    } while (driver);
}

/*
 * In the handler of a signal, that signal is blocked, and the interrupted code, malloc() for
 * example, may be in the middle of a change.  A program that always blocks these signals, to wait
 * for them, ends without a QUIT.
 */
static bool in_signal_handler(void)
{
    static const int handled[] = {SIGHUP,  SIGINT,  SIGQUIT, SIGTERM, SIGALRM, SIGUSR1,
                                  SIGUSR2, SIGABRT, SIGSEGV, SIGBUS,  SIGFPE,  SIGILL};
    sigset_t blocked;

    if (pthread_sigmask(SIG_BLOCK, NULL, &blocked) != 0)
        return true;
    for (size_t i = 0; i < sizeof handled / sizeof handled[0]; i++) {
        if (sigismember(&blocked, handled[i]))
            return true;
    }
    return false;
}

/*
 * Take the lead of a driver that nobody uses.  A driver in use by another thread is left alone.  A
 * mail that its caller gave up may still wait for its verdict; it has the time until QUIT is
 * answered.
 */
static bool take_resting(fct_driver *driver)
{
    bool resting;

    if (pthread_mutex_trylock(&driver->lock) != 0)
        return false;
    resting = !driver->closed && !driver->led && !driver->inside && driver->concert &&
              fct_list_empty(&driver->fresh);
    if (resting)
        driver->closed = driver->led = true;
    pthread_mutex_unlock(&driver->lock);
    return resting;
}

/* With the list's lock, so that another thread that wants to free a driver waits. */
static void say_quit(void)
{
    uint64_t until_us = fct_clock_now_us() + FAREWELL_US;

    if (pthread_mutex_trylock(&drivers.lock) != 0)
        return;
    for (fct_driver *driver = drivers.first; driver; driver = driver->next) {
        if (take_resting(driver))
            fct_driver_quit(driver, until_us);
    }
    pthread_mutex_unlock(&drivers.lock);
}

static void on_exit_close(void)
{
    if (!is_listed_here() || !fct_tls_usable())
        return;
    close_background();
    if (!in_signal_handler())
        say_quit();
}

void fct_driver_enlist(fct_driver *driver)
{
    pthread_once(&once, begin);
    /*
     * This child was not made by fork(), so the handler did not run.  It makes its first driver in
     * one thread.
     */
    if (!is_listed_here())
        in_child();
    pthread_mutex_lock(&drivers.lock);
    driver->next = drivers.first;
    drivers.first = driver;
    /* OpenSSL must register its exit handler first, so that it runs after ours. */
    if (!drivers.registered && fct_tls_usable())
        drivers.registered = atexit(on_exit_close) == 0;
    pthread_mutex_unlock(&drivers.lock);
}

void fct_driver_strike_out(fct_driver *driver)
{
    if (!is_listed_here())
        return;
    pthread_mutex_lock(&drivers.lock);
    for (fct_driver **at = &drivers.first; *at; at = &(*at)->next) {
        if (*at == driver) {
            *at = driver->next;
            break;
        }
    }
    pthread_mutex_unlock(&drivers.lock);
}
