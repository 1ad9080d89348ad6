/* SPDX-License-Identifier: MIT */
/*
 * The inside of a Delivery, shared by delivery.c, future.c and host.c.
 *
 * Under an event loop a Delivery is also the future that its task waits for: it has what asyncio's
 * tasks ask of one, and it calls the task at once when the verdict is told.
 */
#ifndef FPY_DELIVERY_H
#define FPY_DELIVERY_H

#include "binding.h"

enum fpy_awaited {
    FPY_IDLE,      /* nobody waits */
    FPY_AWAITED,   /* its host knows it, and tells it */
    FPY_TOLD,      /* whoever waited is called */
    FPY_CANCELLED, /* whoever waited does not any more; its host still knows it */
};

typedef struct fpy_delivery {
    PyObject_HEAD facteur_delivery *delivery;
    PyObject *mailer;   /* must outlive it */
    PyObject *host;     /* or NULL: a thread waits */
    PyObject *callback; /* what to call, with the Delivery, when the verdict is told; or NULL */
    PyObject *context;  /* to call it in, or NULL */
    PyObject *message;  /* why it was cancelled, or NULL */
    char blocking;      /* _asyncio_future_blocking, see asyncio.isfuture() */
    char awaited;       /* enum fpy_awaited */
} fpy_delivery;

/* ---- future.c -------------------------------------------------------------------------------- */

/* Whoever waits for it goes on, before this returns; -1 with what that raised. */
int fpy_delivery_tell(fpy_delivery *self);
/* Nobody waits any more: 1 if somebody did, who gets CancelledError; -1 with an exception. */
int fpy_delivery_leave(fpy_delivery *self, PyObject *message);

PyObject *fpy_future_await(PyObject *object);
PyObject *fpy_future_next(PyObject *object);
PyObject *fpy_future_get_loop(PyObject *object, PyObject *unused);
PyObject *fpy_future_add_done_callback(PyObject *object, PyObject *args, PyObject *kwargs);
PyObject *fpy_future_result(PyObject *object, PyObject *unused);

/* ---- host.c ---------------------------------------------------------------------------------- */

/* The host is to tell this delivery of its verdict; -1 with an exception. */
int fpy_host_expect(PyObject *host, fpy_delivery *delivery);
/* Have the host take a step soon; -1 with an exception. */
int fpy_host_wake(PyObject *host);
PyObject *fpy_host_loop(PyObject *host); /* borrowed */

#endif
