/* SPDX-License-Identifier: MIT */
/*
 * sink: an SMTP server that accepts every mail and keeps none, as fast as one process can, so that
 * a benchmark measures the client.  It counts what a client cannot count truthfully about itself:
 * connections, flights, handshakes full and resumed, mails and their bytes.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sink.h"

struct counters count;
struct options option = {true,           true, true,        true, true, true,
                         TLS1_3_VERSION, 2,    "127.0.0.1", NULL, NULL};

int epoll;
static int listeners[PORT_COUNT];
static unsigned ports[PORT_COUNT];
static volatile sig_atomic_t asked;

static _Noreturn void die(const char *what)
{
    fprintf(stderr, "sink: %s: %s\n", what, strerror(errno));
    exit(71);
}

/* ---- Counters ---- */

static void print_counters(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    double cpu = (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
                 (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
    printf("{\"connections\": %ju, \"flights\": %ju, \"handshakes_full\": %ju, "
           "\"handshakes_resumed\": %ju, \"mails\": %ju, \"mails_bdat\": %ju, \"recipients\": %ju, "
           "\"bytes\": %ju, \"auths\": %ju, \"violations\": %ju, \"flights_to_first\": %ju, "
           "\"flights_to_mail\": %ju, \"open\": %ju, \"cpu\": %.6f}\n",
           (uintmax_t)count.connections, (uintmax_t)count.flights, (uintmax_t)count.handshakes_full,
           (uintmax_t)count.handshakes_resumed, (uintmax_t)count.mails, (uintmax_t)count.mails_bdat,
           (uintmax_t)count.recipients, (uintmax_t)count.bytes, (uintmax_t)count.auths,
           (uintmax_t)count.violations, (uintmax_t)count.flights_to_first,
           (uintmax_t)count.flights_to_mail, (uintmax_t)count.open, cpu);
    fflush(stdout);
}

static void on_usr1(int number)
{
    (void)number;
    asked = 1;
}

/* One command a line on standard input; its end is ours. */
static void on_control(void)
{
    static char line[64];
    static size_t len;
    ssize_t got = read(STDIN_FILENO, line + len, sizeof line - len);
    if (got == 0 || (got < 0 && errno != EINTR && errno != EAGAIN))
        exit(0);
    if (got < 0)
        return;
    len += (size_t)got;
    for (char *end; (end = memchr(line, '\n', len)) != NULL;) {
        size_t used = (size_t)(end - line) + 1;
        if (used == 6 && memcmp(line, "stats", 5) == 0)
            print_counters();
        else if (used == 6 && memcmp(line, "reset", 5) == 0)
            count = (struct counters){.open = count.open};
        len -= used;
        memmove(line, line + used, len);
    }
    if (len == sizeof line)
        len = 0;
}

/* ---- Connections ---- */

/*
 * The client has something to say.  False when the connection is over.
 *
 * The rest of what it has begun may be in the socket already and is looked for before we answer,
 * so that a mail is answered by one packet.  Otherwise a short read has emptied the socket, and
 * asking again would cost a system call a flight.
 */
static bool serve(struct connection *c)
{
    if (c->shaking) {
        if (!stream_shake(c))
            return false;
        if (c->shaking)
            return true;
        if (c->port == PORT_IMPLICIT)
            session_greet(c);
    }
    if (c->want_out && (!stream_flush(c) || (!c->want_out && !session_process(c))))
        return false;
    if (c->want_out)
        return true;
    bool drained = c->state == CLOSING;
    while (!drained) {
        ssize_t got = stream_fill(c);
        if (!session_process(c) || got < 0) {
            stream_flush(c);
            return false;
        }
        if (c->state == CLOSING)
            break;
        if (c->start_tls)
            return stream_flush(c) && stream_begin_tls(c);
        if (c->want_out)
            return stream_flush(c);
        drained = got == 0 || (!stream_amid(c) && (c->ssl || got < IN_SIZE / 2));
    }
    return stream_flush(c) && (c->state != CLOSING || c->want_out);
}

static void on_accept(enum port port)
{
    int fd;
    while ((fd = accept4(listeners[port], NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
        int one = 1;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        struct connection *c = malloc(sizeof *c);
        if (!c) {
            close(fd);
            continue;
        }
        memset(c, 0, offsetof(struct connection, in));
        c->fd = fd;
        c->port = port;
        stream_begin(c);
        count.connections++;
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};
        bool fine = epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) == 0;
        if (fine && port == PORT_IMPLICIT)
            fine = stream_begin_tls(c);
        else if (fine) {
            session_greet(c);
            fine = stream_flush(c);
        }
        if (!fine)
            stream_free(c);
    }
}

static void listen_on(enum port port)
{
    struct sockaddr_in at = {.sin_family = AF_INET};
    socklen_t len = sizeof at;
    int one = 1;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0 || inet_pton(AF_INET, option.address, &at.sin_addr) != 1)
        die(option.address);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(fd, (struct sockaddr *)&at, len) || listen(fd, 1024) ||
        getsockname(fd, (struct sockaddr *)&at, &len))
        die("listen");
    listeners[port] = fd;
    ports[port] = ntohs(at.sin_port);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = &listeners[port]};
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event))
        die("epoll");
}

static const char help[] =
    "usage: sink [--address IPV4] [--cert FILE --key FILE] [--no-WORD …] [--tls12] [--tickets N]\n"
    "\n"
    "Listens on three ports: in the clear, with STARTTLS, with implicit TLS (the last two with "
    "--cert).\n"
    "WORD, each on unless switched off: pipelining chunking auth size 8bitmime smtputf8.\n"
    "AUTH is offered under TLS only and accepts everything.\n"
    "\n"
    "Prints {\"plain\": port, \"starttls\": port, \"tls\": port} when ready, and its counters, one "
    "JSON object\n"
    "a line, for \"stats\" on standard input or SIGUSR1; \"reset\" begins them anew.  Ends with "
    "its input.\n"
    "A flight is bytes of a client that an answer may have prompted: not the rest of a command or "
    "a\n"
    "body begun before, nor what came sooner than a round trip allows, where that is not too "
    "short\n"
    "to tell; the tickets of TLS 1.3 are no answer.\n";

static const char *value_of(char **argv, int *i)
{
    if (!argv[*i + 1]) {
        fputs(help, stderr);
        exit(64);
    }
    return argv[++*i];
}

static void read_options(char **argv)
{
    for (int i = 1; argv[i]; i++) {
        const char *arg = argv[i];
        if (!strcmp(arg, "--address"))
            option.address = value_of(argv, &i);
        else if (!strcmp(arg, "--cert"))
            option.cert = value_of(argv, &i);
        else if (!strcmp(arg, "--key"))
            option.key = value_of(argv, &i);
        else if (!strcmp(arg, "--tickets"))
            option.tickets = atoi(value_of(argv, &i));
        else if (!strcmp(arg, "--tls12"))
            option.max_version = TLS1_2_VERSION;
        else if (!strcmp(arg, "--no-pipelining"))
            option.pipelining = false;
        else if (!strcmp(arg, "--no-chunking"))
            option.chunking = false;
        else if (!strcmp(arg, "--no-auth"))
            option.auth = false;
        else if (!strcmp(arg, "--no-size"))
            option.size = false;
        else if (!strcmp(arg, "--no-8bitmime"))
            option.eightbit = false;
        else if (!strcmp(arg, "--no-smtputf8"))
            option.smtputf8 = false;
        else {
            bool asked_for = !strcmp(arg, "--help");
            fputs(help, asked_for ? stdout : stderr);
            exit(asked_for ? 0 : 64);
        }
    }
}

static void dispatch(struct epoll_event *event)
{
    void *what = event->data.ptr;
    if (what == NULL)
        on_control();
    else if ((int *)what >= listeners && (int *)what < listeners + PORT_COUNT)
        on_accept((enum port)((int *)what - listeners));
    else if (!serve(what))
        stream_free(what);
}

int main(int argc, char **argv)
{
    (void)argc;
    read_options(argv);
    signal(SIGPIPE, SIG_IGN);
    struct sigaction usr1 = {.sa_handler = on_usr1};
    sigaction(SIGUSR1, &usr1, NULL);
    epoll = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event control = {.events = EPOLLIN, .data.ptr = NULL};
    if (epoll < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, STDIN_FILENO, &control))
        die("standard input must be a pipe or a terminal");
    listen_on(PORT_PLAIN);
    if (option.cert && option.key) {
        stream_prepare();
        listen_on(PORT_STARTTLS);
        listen_on(PORT_IMPLICIT);
    }
    printf("{\"plain\": %u, \"starttls\": %u, \"tls\": %u}\n", ports[PORT_PLAIN],
           ports[PORT_STARTTLS], ports[PORT_IMPLICIT]);
    fflush(stdout);
    for (;;) {
        struct epoll_event events[64];
        int ready = epoll_wait(epoll, events, 64, -1);
        if (asked) {
            asked = 0;
            print_counters();
        }
        if (ready < 0 && errno != EINTR)
            die("epoll");
        for (int i = 0; i < ready; i++)
            dispatch(&events[i]);
    }
}
