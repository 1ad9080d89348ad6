/* SPDX-License-Identifier: MIT */
/*
 * Sending in fibers.  Where a program has Revolt's event loop, a wait for a verdict gives way to
 * its other fibers: the loop watches the mailer's descriptor and clock, and Mailer::turn() wakes
 * who has a verdict.  Everywhere else a wait blocks the thread.
 */
#include "php_facteur.h"

#include "Zend/zend_closures.h"
#include "Zend/zend_exceptions.h"
#include "Zend/zend_fibers.h"
#include "Zend/zend_interfaces.h"

#include <time.h>
#include <unistd.h>

/* A fiber in php_facteur_loop_finish().  Not on its stack, which a fatal error leaves as it is. */
struct php_facteur_wait {
    facteur_delivery *delivery;
    bool owned;      /* nobody else frees the delivery */
    bool for_token;  /* waits for another fiber's asking, until `due` */
    double due;      /* by now() */
    zval suspension; /* UNDEF: does not wait now */
    struct php_facteur_wait *next;
};

void php_facteur_enter(void)
{
    facteur_set_caller(EG(active_fiber));
}

/* Monotonic seconds. */
static double now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* ---- Calls of Revolt ------------------------------------------------------------------------- */

static zend_class_entry *event_loop(void)
{
    return zend_hash_str_find_ptr(EG(class_table), ZEND_STRL("revolt\\eventloop"));
}

/* EventLoop::NAME(…); UNDEF in `result` with an exception thrown. */
static void call_loop(const char *name, zval *result, uint32_t count, zval *first, zval *second)
{
    ZVAL_UNDEF(result);
    zend_call_method(NULL, event_loop(), NULL, name, strlen(name), result, count, first, second);
}

static void call_suspension(const zval *suspension, const char *name)
{
    zend_object *object = Z_OBJ_P(suspension);
    zval result;

    ZVAL_UNDEF(&result);
    zend_call_method(object, object->ce, NULL, name, strlen(name), &result, 0, NULL, NULL);
    zval_ptr_dtor(&result);
}

/* A callback that the loop has not called for the last time; `id` becomes UNDEF. */
static void cancel(zval *id)
{
    zval known, result;

    if (Z_TYPE_P(id) == IS_UNDEF)
        return;
    ZVAL_COPY_VALUE(&known, id);
    ZVAL_UNDEF(id);
    call_loop("cancel", &result, 1, &known, NULL);
    zval_ptr_dtor(&result);
    zval_ptr_dtor(&known);
}

static void make_turn(zval *closure, zend_object *mailer)
{
    zend_function *function =
        zend_hash_str_find_ptr(&mailer->ce->function_table, ZEND_STRL("turn"));
    zval self;

    ZVAL_OBJ(&self, mailer);
    zend_create_fake_closure(closure, function, mailer->ce, mailer->ce, &self);
}

/* EventLoop::NAME(argument, turn), or NAME(turn) when there is no argument. */
static void register_turn(struct php_facteur_loop *loop, const char *name, zval *id, zval *argument)
{
    zval closure;

    make_turn(&closure, loop->mailer);
    if (argument)
        call_loop(name, id, 2, argument, &closure);
    else
        call_loop(name, id, 1, &closure, NULL);
    zval_ptr_dtor(&closure);
}

bool php_facteur_gives_way(void)
{
    const zend_fiber *fiber = EG(active_fiber);

    return event_loop() && !EG(exception) && !zend_fiber_switch_blocked() &&
           !(fiber && (fiber->flags & ZEND_FIBER_FLAG_DESTROYED));
}

/* ---- The watch ------------------------------------------------------------------------------- */

/* What is submitted in one turn of the loop goes out together. */
static void wake(struct php_facteur_loop *loop)
{
    if (Z_TYPE(loop->soon) == IS_UNDEF)
        register_turn(loop, "defer", &loop->soon, NULL);
}

/* Also when this fiber ends by an exception: others may wait for it. */
static void wake_anyway(struct php_facteur_loop *loop)
{
    if (EG(exception) && zend_is_unwind_exit(EG(exception)))
        return;
    zend_exception_save();
    wake(loop);
    zend_exception_restore();
}

static void unwatch(struct php_facteur_loop *loop)
{
    cancel(&loop->readable);
    zval_ptr_dtor(&loop->stream);
    ZVAL_UNDEF(&loop->stream);
    loop->fd = -1;
}

/* The stream has a descriptor of its own: the core closes the other one when it likes. */
static void watch_descriptor(struct php_facteur_loop *loop)
{
    int fd = facteur_host_fd(loop->host), copy;
    php_stream *stream;

    if (fd == loop->fd)
        return;
    unwatch(loop);
    copy = fd < 0 ? -1 : dup(fd);
    stream = copy < 0 ? NULL : php_stream_fopen_from_fd(copy, "r", NULL);
    if (!stream && copy >= 0)
        close(copy);
    if (!stream)
        return;
    php_stream_to_zval(stream, &loop->stream);
    loop->fd = fd;
    register_turn(loop, "onreadable", &loop->readable, &loop->stream);
}

/* A timer that rings too early costs less than one for each mail. */
static void watch_clock(struct php_facteur_loop *loop)
{
    double left = facteur_host_timeout(loop->host), since = now();
    zval seconds;

    if (left < 0 || (loop->due > since && loop->due <= since + left))
        return;
    cancel(&loop->timer);
    loop->due = since + left;
    ZVAL_DOUBLE(&seconds, left);
    register_turn(loop, "delay", &loop->timer, &seconds);
}

static bool has_waits(const struct php_facteur_loop *loop)
{
    for (const struct php_facteur_wait *at = loop->waits; at; at = at->next) {
        if (Z_TYPE(at->suspension) != IS_UNDEF && !at->for_token)
            return true;
    }
    return false;
}

/* ---- Waits ----------------------------------------------------------------------------------- */

/* Whoever is woken runs after this. */
static void resume(struct php_facteur_wait *wait)
{
    zval suspension;

    ZVAL_COPY_VALUE(&suspension, &wait->suspension);
    ZVAL_UNDEF(&wait->suspension);
    call_suspension(&suspension, "resume");
    zval_ptr_dtor(&suspension);
}

static void resume_ended(struct php_facteur_loop *loop)
{
    facteur_delivery *delivery;

    while ((delivery = facteur_host_done(loop->host)) != NULL) {
        struct php_facteur_wait *wait = loop->waits;

        while (wait && wait->delivery != delivery)
            wait = wait->next;
        if (wait && Z_TYPE(wait->suspension) != IS_UNDEF)
            resume(wait);
    }
}

/* Those whose asker has ended, and those that have no time left. */
static void resume_tokenless(struct php_facteur_loop *loop)
{
    struct php_facteur_wait *at = loop->waits;

    while (at) {
        if (at->for_token && Z_TYPE(at->suspension) != IS_UNDEF &&
            (!loop->asking || now() >= at->due)) {
            resume(at);
            at = loop->waits;
        } else {
            at = at->next;
        }
    }
}

void php_facteur_loop_stop(struct php_facteur_loop *loop)
{
    cancel(&loop->soon);
    cancel(&loop->timer);
    loop->due = 0;
    unwatch(loop);
}

void php_facteur_loop_turn(struct php_facteur_loop *loop)
{
    bool idle = !has_waits(loop);

    cancel(&loop->soon);
    if (!loop->host)
        return;
    resume_tokenless(loop);
    if (idle) {
        php_facteur_loop_stop(loop);
        return;
    }
    facteur_host_step(loop->host);
    resume_ended(loop);
    if (has_waits(loop)) {
        watch_descriptor(loop);
        watch_clock(loop);
    } else {
        /* Who has a verdict now may send the next mail, and finds the watch as it is. */
        wake(loop);
    }
}

/* Until it is resumed; an exception that comes out of it is the program's. */
static void suspend(struct php_facteur_loop *loop, struct php_facteur_wait *wait)
{
    zval suspension;

    call_loop("getsuspension", &suspension, 0, NULL, NULL);
    if (Z_TYPE(suspension) != IS_OBJECT)
        return;
    ZVAL_COPY(&wait->suspension, &suspension);
    call_suspension(&suspension, "suspend");
    zval_ptr_dtor(&suspension);
    zval_ptr_dtor(&wait->suspension);
    ZVAL_UNDEF(&wait->suspension);
    php_facteur_enter();
    /* Nobody may be left for whom the loop should watch. */
    if (EG(exception))
        wake_anyway(loop);
}

static void wait_for_verdict(struct php_facteur_loop *loop, struct php_facteur_wait *wait)
{
    if (EG(exception) || facteur_delivery_ended(wait->delivery))
        return;
    wake(loop);
    if (!EG(exception))
        suspend(loop, wait);
}

static void wait_for_asker(struct php_facteur_loop *loop, struct php_facteur_wait *wait)
{
    zval seconds, timer;

    wait->due = now() + facteur_delivery_left(wait->delivery);
    /* Not so early that it would have to be set again. */
    ZVAL_DOUBLE(&seconds, wait->due - now() + 0.005);
    register_turn(loop, "delay", &timer, &seconds);
    wait->for_token = true;
    if (!EG(exception))
        suspend(loop, wait);
    wait->for_token = false;
    if (!EG(exception))
        cancel(&timer);
    zval_ptr_dtor(&timer);
}

/* One fiber asks, the others wait for it; its own source may send, and is told if it may not. */
static void get_token(struct php_facteur_loop *loop, struct php_facteur_wait *wait)
{
    const void *asker = loop->asker;
    bool first = !loop->asking;

    if (!first && asker != EG(active_fiber)) {
        wait_for_asker(loop, wait);
    } else {
        loop->asking = true;
        loop->asker = EG(active_fiber);
        facteur_delivery_ask(wait->delivery);
        loop->asking = !first;
        if (first)
            wake_anyway(loop);
    }
}

static struct php_facteur_wait *enter(struct php_facteur_loop *loop, facteur_delivery *delivery,
                                      bool owned)
{
    struct php_facteur_wait *wait = ecalloc(1, sizeof(*wait));

    ZVAL_UNDEF(&wait->suspension);
    wait->delivery = delivery;
    wait->owned = owned;
    wait->next = loop->waits;
    loop->waits = wait;
    php_facteur_enter();
    return wait;
}

static void leave(struct php_facteur_loop *loop, struct php_facteur_wait *wait)
{
    struct php_facteur_wait **at = &loop->waits;

    while (*at != wait)
        at = &(*at)->next;
    *at = wait->next;
    efree(wait);
}

/* What its callable threw is this mail's, whatever other mails ask meanwhile. */
static void ask_and_go(struct php_facteur_loop *loop, struct php_facteur_token *token,
                       struct php_facteur_wait *wait)
{
    zend_object *thrown;

    get_token(loop, wait);
    if (token->bailed || EG(exception))
        return;
    thrown = token->thrown;
    token->thrown = NULL;
    facteur_delivery_resume(wait->delivery);
    wait_for_verdict(loop, wait);
    if (token->thrown)
        OBJ_RELEASE(token->thrown);
    token->thrown = thrown;
}

void php_facteur_loop_finish(struct php_facteur_loop *loop, struct php_facteur_token *token,
                             facteur_delivery *delivery, bool owned)
{
    struct php_facteur_wait *wait;

    if (!loop->host)
        return;
    wait = enter(loop, delivery, owned);
    if (!facteur_delivery_needs_token(delivery))
        wait_for_verdict(loop, wait);
    if (!EG(exception) && facteur_delivery_needs_token(delivery))
        ask_and_go(loop, token, wait);
    leave(loop, wait);
}

/* ---- The mailer's part ----------------------------------------------------------------------- */

void php_facteur_loop_init(struct php_facteur_loop *loop, zend_object *mailer)
{
    memset(loop, 0, sizeof(*loop));
    loop->mailer = mailer;
    loop->fd = -1;
}

int php_facteur_loop_submit(struct php_facteur_loop *loop, facteur_mailer *core,
                            facteur_message *message, double deadline, unsigned how,
                            facteur_delivery **delivery, facteur_error **error)
{
    int code = loop->host ? 0 : facteur_host_new(core, &loop->host, error);

    return code ? code : facteur_host_submit(loop->host, message, deadline, how, delivery, error);
}

bool php_facteur_loop_busy(const struct php_facteur_loop *loop)
{
    return loop->waits != NULL;
}

static void forget(zval *value)
{
    zval_ptr_dtor(value);
    ZVAL_UNDEF(value);
}

void php_facteur_loop_done(struct php_facteur_loop *loop)
{
    while (loop->waits) {
        struct php_facteur_wait *wait = loop->waits;

        loop->waits = wait->next;
        if (wait->owned)
            facteur_delivery_free(wait->delivery);
        zval_ptr_dtor(&wait->suspension);
        efree(wait);
    }
    facteur_host_free(loop->host);
    loop->host = NULL;
    forget(&loop->soon);
    forget(&loop->timer);
    forget(&loop->readable);
    forget(&loop->stream);
}
