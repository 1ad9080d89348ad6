/* SPDX-License-Identifier: MIT */
#include "net/tls_probe.h"

#include "base/memory.h"
#include "net/stream.h"
#include "net/timer.h"

struct fct_tls_probe {
    fct_loop *loop;
    fct_dial *dial;
    fct_stream *stream;
    fct_tls_context *context;
    fct_timer deadline;
    fct_tls_probe_done *done;
    void *user;
};

static void close_all(fct_tls_probe *probe)
{
    fct_timer_clear(&probe->deadline);
    fct_dial_free(probe->dial);
    probe->dial = NULL;
    fct_stream_close(probe->stream, false);
    probe->stream = NULL;
}

static void end(fct_tls_probe *probe, bool spoken)
{
    close_all(probe);
    probe->done(probe->user, spoken);
}

static void on_deadline(fct_timer *timer)
{
    end(FCT_ENTRY(timer, fct_tls_probe, deadline), false);
}

static void on_received(void *user, const char *bytes, size_t len)
{
    (void)user;
    (void)bytes;
    (void)len;
}

static void on_ready(void *user)
{
    (void)user;
}

static void on_secured(void *user, int error, const char *message)
{
    (void)message;
    end(user, error == 0);
}

static void on_lost(void *user, int error, const char *message)
{
    (void)error;
    (void)message;
    end(user, false);
}

static const struct fct_stream_owner owner = {on_received, on_ready, on_secured, on_lost};

static void on_dialled(void *user, const struct fct_dialled *dialled)
{
    fct_tls_probe *probe = user;

    if (dialled->fd >= 0)
        probe->stream =
            fct_stream_new(probe->loop, dialled->fd, dialled->peer, dialled->tcp, &owner, probe);
    if (!probe->stream || fct_stream_secure(probe->stream, probe->context) != 0)
        end(probe, false);
}

fct_tls_probe *fct_tls_probe_start(fct_loop *loop, const struct fct_dial_target *target,
                                   uint64_t deadline_us, fct_tls_probe_done *done, void *user)
{
    /* Who the server is does not matter: it gets no mail and no login here. */
    struct fct_tls_config config = {.name = target->host, .no_verify = true};
    fct_tls_probe *probe = fct_calloc(1, sizeof *probe);

    if (!probe)
        return NULL;
    probe->loop = loop;
    probe->done = done;
    probe->user = user;
    fct_timer_init(&probe->deadline, on_deadline);
    if (fct_tls_context_new(&config, target->host, &probe->context, NULL) == 0)
        probe->dial = fct_dial_start(loop, target, deadline_us, on_dialled, probe);
    if (!probe->dial) {
        fct_tls_probe_free(probe);
        return NULL;
    }
    fct_timer_set(loop, &probe->deadline, deadline_us);
    return probe;
}

void fct_tls_probe_free(fct_tls_probe *probe)
{
    if (!probe)
        return;
    close_all(probe);
    fct_tls_context_free(probe->context);
    fct_free(probe);
}
