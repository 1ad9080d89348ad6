/* SPDX-License-Identifier: MIT */
#include "mailer/driver.h"

#include "base/memory.h"

#include <pthread.h>
#include <time.h>

struct fct_driver {
    const fct_plan *plan;
    pthread_mutex_t lock;
    pthread_cond_t emptied;
    fct_loop *loop; /* made by the first leader */
    fct_concert *concert;
    fct_list waiting; /* errands not finished, in the order of their coming */
    unsigned inside;  /* threads in fct_driver_run() */
    bool led;
    bool closed;
};

uint64_t fct_driver_now_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

fct_driver *fct_driver_new(const fct_plan *plan)
{
    fct_driver *driver = fct_calloc(1, sizeof *driver);

    if (!driver)
        return NULL;
    driver->plan = plan;
    pthread_mutex_init(&driver->lock, NULL);
    pthread_cond_init(&driver->emptied, NULL);
    fct_list_init(&driver->waiting);
    return driver;
}

static void free_loop(fct_driver *driver)
{
    fct_concert_free(driver->concert);
    fct_loop_free(driver->loop);
    driver->concert = NULL;
    driver->loop = NULL;
}

void fct_driver_free(fct_driver *driver)
{
    if (!driver)
        return;
    free_loop(driver);
    pthread_cond_destroy(&driver->emptied);
    pthread_mutex_destroy(&driver->lock);
    fct_free(driver);
}

void fct_driver_abandon(fct_driver *driver)
{
    /*
     * Another thread was in the loop when the process forked: whatever it had in hands is torn, and
     * may neither be freed nor searched for descriptors.  They stay open and silent in this child.
     */
    if (driver->led)
        return;
    if (driver->loop && driver->concert) {
        fct_loop_forked(driver->loop);
        fct_concert_abandon(driver->concert);
    }
    if (driver->loop)
        fct_loop_abandon(driver->loop);
    /* Lock and condition are left as they are: another thread may have been inside them. */
    fct_free(driver);
}

/* Within the loop, in the leader's thread, without the lock. */
static void on_done(fct_job *job, const fct_outcome *outcome)
{
    struct fct_errand *errand = job->user;
    fct_driver *driver = errand->driver;

    errand->take(errand, outcome);
    pthread_mutex_lock(&driver->lock);
    fct_list_remove(&errand->link);
    errand->finished = true;
    if (!errand->leads)
        pthread_cond_signal(errand->turn);
    pthread_mutex_unlock(&driver->lock);
}

static struct fct_errand *next_new(fct_driver *driver)
{
    struct fct_errand *found = NULL;

    pthread_mutex_lock(&driver->lock);
    for (fct_list *at = driver->waiting.next; at != &driver->waiting && !found; at = at->next) {
        struct fct_errand *errand = FCT_ENTRY(at, struct fct_errand, link);

        if (!errand->submitted)
            found = errand;
    }
    if (found)
        found->submitted = true;
    pthread_mutex_unlock(&driver->lock);
    return found;
}

static struct fct_errand *next_to_cancel(fct_driver *driver)
{
    struct fct_errand *found = NULL;

    pthread_mutex_lock(&driver->lock);
    if (driver->closed && !fct_list_empty(&driver->waiting))
        found = FCT_ENTRY(driver->waiting.next, struct fct_errand, link);
    pthread_mutex_unlock(&driver->lock);
    return found;
}

/* Hand what has come to the relays; they may call on_done() from within, so the lock is not held.
 */
static void on_woken(void *user)
{
    fct_driver *driver = user;
    struct fct_errand *errand;

    while ((errand = next_new(driver)) != NULL)
        fct_concert_submit(driver->concert, &errand->job);
    while ((errand = next_to_cancel(driver)) != NULL)
        fct_concert_cancel(driver->concert, &errand->job);
}

/* The first leader makes loop and relays; nobody else looks at them without leading. */
static int open_loop(fct_driver *driver)
{
    fct_loop *loop;

    if (driver->concert)
        return 0;
    loop = fct_loop_new();
    if (!loop)
        return FACTEUR_ENOMEM;
    driver->concert = fct_concert_new(loop, driver->plan);
    if (!driver->concert) {
        fct_loop_free(loop);
        return FACTEUR_ENOMEM;
    }
    fct_loop_on_wake(loop, on_woken, driver);
    driver->loop = loop;
    return 0;
}

/* With the lock: the next thread that waits takes the lead over. */
static void hand_over(fct_driver *driver)
{
    struct fct_errand *heir;

    if (fct_list_empty(&driver->waiting)) {
        driver->led = false;
        return;
    }
    heir = FCT_ENTRY(driver->waiting.next, struct fct_errand, link);
    heir->leads = true;
    pthread_cond_signal(heir->turn);
}

/* With the lock; it is given up while the loop runs. */
static int lead(fct_driver *driver, struct fct_errand *errand)
{
    int err = open_loop(driver);

    if (err) {
        fct_list_remove(&errand->link);
        hand_over(driver);
        return err;
    }
    pthread_mutex_unlock(&driver->lock);
    on_woken(driver);
    fct_loop_run(driver->loop, &errand->finished);
    pthread_mutex_lock(&driver->lock);
    hand_over(driver);
    return 0;
}

int fct_driver_run(fct_driver *driver, struct fct_errand *errand)
{
    pthread_cond_t turn = PTHREAD_COND_INITIALIZER;
    int err = 0;

    errand->driver = driver;
    errand->turn = &turn;
    errand->submitted = errand->finished = errand->leads = false;
    errand->job.done = on_done;
    errand->job.user = errand;
    pthread_mutex_lock(&driver->lock);
    if (driver->closed) {
        pthread_mutex_unlock(&driver->lock);
        pthread_cond_destroy(&turn);
        return FACTEUR_ECLOSED;
    }
    driver->inside++;
    fct_list_push(&driver->waiting, &errand->link);
    if (!driver->led)
        driver->led = errand->leads = true;
    else if (driver->loop)
        fct_loop_wake(driver->loop);
    while (!errand->finished && !errand->leads)
        pthread_cond_wait(&turn, &driver->lock);
    if (errand->leads)
        err = lead(driver, errand);
    if (--driver->inside == 0)
        pthread_cond_signal(&driver->emptied);
    pthread_mutex_unlock(&driver->lock);
    pthread_cond_destroy(&turn);
    return err;
}

static bool is_silent(void *user)
{
    return !fct_concert_active(((fct_driver *)user)->concert);
}

void fct_driver_close(fct_driver *driver, uint64_t timeout_us)
{
    pthread_mutex_lock(&driver->lock);
    driver->closed = true;
    if (driver->loop && driver->led)
        fct_loop_wake(driver->loop);
    while (driver->inside)
        pthread_cond_wait(&driver->emptied, &driver->lock);
    pthread_mutex_unlock(&driver->lock);
    if (!driver->concert)
        return;
    fct_concert_quit(driver->concert);
    fct_loop_step(driver->loop); /* so that QUIT leaves even when nobody waits for its reply */
    fct_loop_run_until(driver->loop, is_silent, driver, fct_driver_now_us() + timeout_us);
}
