/* SPDX-License-Identifier: MIT */
/*
 * sink: an SMTP server that accepts every mail and keeps none, as fast as one process can, so that
 * a benchmark measures the client.  It counts what a client cannot count truthfully about itself:
 * connections, flights, handshakes full and resumed, mails and their bytes.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { IN_SIZE = 65536, OUT_SIZE = 16384, REPLY_ROOM = 512, SIZE_LIMIT = 64 << 20 };
enum port { PORT_PLAIN, PORT_STARTTLS, PORT_IMPLICIT, PORT_COUNT };
enum state { COMMAND, AUTH_PLAIN, AUTH_LOGIN_USER, AUTH_LOGIN_PASS, DATA, BDAT, CLOSING };

struct connection {
    int fd;
    enum port port;
    enum state state;
    SSL *ssl;
    bool shaking;    /* the TLS handshake is not over */
    bool start_tls;  /* the 220 must leave before the handshake begins */
    bool answered;   /* the next bytes of the client begin a flight */
    bool want_out;   /* the socket took less than we had */
    bool mail, last; /* MAIL accepted; this chunk is the last of its mail */
    bool refused;    /* the chunk's bytes are read, and not taken */
    unsigned recipients;
    unsigned dot;   /* how much of CRLF . CRLF the stream ends with */
    uint64_t chunk; /* bytes of the BDAT chunk still to come */
    uint64_t size;  /* bytes of the mail so far */
    uint64_t seen_in, seen_out;
    size_t in_len, out_len;
    char in[IN_SIZE];
    char out[OUT_SIZE];
};

static struct {
    uint64_t connections, flights, handshakes_full, handshakes_resumed;
    uint64_t mails, mails_bdat, recipients, bytes, auths, violations;
    uint64_t flights_to_mail; /* until the last mail was whole: without the QUIT behind it */
} count;

static struct {
    bool pipelining, chunking, auth, size, eightbit, smtputf8;
    int max_version, tickets;
    const char *address, *cert, *key;
} option = {true, true, true, true, true, true, TLS1_3_VERSION, 2, "127.0.0.1", NULL, NULL};

static SSL_CTX *tls;
static int epoll;
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
           "\"bytes\": %ju, \"auths\": %ju, \"violations\": %ju, \"flights_to_mail\": %ju, "
           "\"cpu\": %.6f}\n",
           (uintmax_t)count.connections, (uintmax_t)count.flights, (uintmax_t)count.handshakes_full,
           (uintmax_t)count.handshakes_resumed, (uintmax_t)count.mails, (uintmax_t)count.mails_bdat,
           (uintmax_t)count.recipients, (uintmax_t)count.bytes, (uintmax_t)count.auths,
           (uintmax_t)count.violations, (uintmax_t)count.flights_to_mail, cpu);
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
            memset(&count, 0, sizeof count);
        len -= used;
        memmove(line, line + used, len);
    }
    if (len == sizeof line)
        len = 0;
}

/* ---- Connections: bytes in and out ---- */

static void drop(struct connection *c)
{
    if (c->ssl)
        SSL_free(c->ssl);
    close(c->fd);
    free(c);
}

static void watch(struct connection *c, bool out)
{
    if (c->want_out == out)
        return;
    c->want_out = out;
    /* A client that does not read its replies is not read either. */
    struct epoll_event event = {.events = out ? EPOLLOUT : EPOLLIN, .data.ptr = c};
    epoll_ctl(epoll, EPOLL_CTL_MOD, c->fd, &event);
}

/* A flight begins with bytes that come after we have answered.  Under TLS the records are counted.
 */
static void note_in(struct connection *c, size_t plain)
{
    uint64_t in = c->ssl ? BIO_number_read(SSL_get_rbio(c->ssl)) : c->seen_in + plain;
    if (in != c->seen_in && c->answered) {
        count.flights++;
        c->answered = false;
    }
    c->seen_in = in;
}

static void note_out(struct connection *c, size_t plain)
{
    uint64_t out = c->ssl ? BIO_number_written(SSL_get_wbio(c->ssl)) : c->seen_out + plain;
    if (out != c->seen_out)
        c->answered = true;
    c->seen_out = out;
}

/* > 0 bytes read, 0 nothing there now, < 0 the connection is over. */
static ssize_t fill(struct connection *c)
{
    size_t room = IN_SIZE - c->in_len;
    ssize_t got;
    if (c->ssl) {
        ERR_clear_error();
        got = SSL_read(c->ssl, c->in + c->in_len, (int)room);
        if (got <= 0) {
            int why = SSL_get_error(c->ssl, (int)got);
            got = why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE ? 0 : -1;
        }
    } else {
        got = recv(c->fd, c->in + c->in_len, room, 0);
        if (got == 0)
            return -1;
        if (got < 0)
            got = errno == EAGAIN || errno == EINTR ? 0 : -1;
    }
    if (got >= 0)
        note_in(c, (size_t)got);
    if (got > 0)
        c->in_len += (size_t)got;
    return got;
}

/* False when the connection is over. */
static bool flush(struct connection *c)
{
    size_t done = 0;
    while (done < c->out_len) {
        ssize_t put;
        if (c->ssl) {
            ERR_clear_error();
            put = SSL_write(c->ssl, c->out + done, (int)(c->out_len - done));
            if (put <= 0) {
                int why = SSL_get_error(c->ssl, (int)put);
                if (why != SSL_ERROR_WANT_WRITE && why != SSL_ERROR_WANT_READ)
                    return false;
                break;
            }
        } else {
            put = send(c->fd, c->out + done, c->out_len - done, MSG_NOSIGNAL);
            if (put < 0 && errno != EAGAIN && errno != EINTR)
                return false;
            if (put < 0)
                break;
        }
        done += (size_t)put;
        note_out(c, (size_t)put);
    }
    c->out_len -= done;
    memmove(c->out, c->out + done, c->out_len);
    watch(c, c->out_len > 0);
    return true;
}

static void say(struct connection *c, const char *text, size_t len)
{
    memcpy(c->out + c->out_len, text, len);
    c->out_len += len;
}
#define SAY(c, text) say(c, text, sizeof(text) - 1)

static void violation(struct connection *c, const char *text, size_t len)
{
    count.violations++;
    say(c, text, len);
}
#define REFUSE(c, text) violation(c, text, sizeof(text) - 1)

/* ---- The dialogue ---- */

static void forget_mail(struct connection *c)
{
    c->mail = c->refused = false;
    c->recipients = 0;
    c->size = 0;
}

static void end_of_mail(struct connection *c)
{
    char text[64];
    count.mails++;
    count.flights_to_mail = count.flights;
    count.recipients += c->recipients;
    count.bytes += c->size;
    int len = snprintf(text, sizeof text, "250 2.0.0 queued as %jX\r\n", (uintmax_t)count.mails);
    say(c, text, (size_t)len);
    forget_mail(c);
}

static void on_ehlo(struct connection *c)
{
    char text[REPLY_ROOM];
    bool secret = c->ssl != NULL;
    int len = snprintf(
        text, sizeof text, "250-sink.example\r\n%s%s%s%s%s%s%s250 ENHANCEDSTATUSCODES\r\n",
        option.pipelining ? "250-PIPELINING\r\n" : "", option.chunking ? "250-CHUNKING\r\n" : "",
        option.size ? "250-SIZE 67108864\r\n" : "", option.eightbit ? "250-8BITMIME\r\n" : "",
        option.smtputf8 ? "250-SMTPUTF8\r\n" : "",
        option.auth && secret ? "250-AUTH PLAIN LOGIN\r\n" : "",
        c->port == PORT_STARTTLS && !secret ? "250-STARTTLS\r\n" : "");
    forget_mail(c);
    say(c, text, (size_t)len);
}

static void on_auth(struct connection *c, const char *arg, size_t len)
{
    if (!option.auth || !c->ssl)
        REFUSE(c, "502 5.5.1 no AUTH here\r\n");
    else if (len >= 5 && strncasecmp(arg, "PLAIN", 5) == 0) {
        if (len > 6) {
            count.auths++;
            SAY(c, "235 2.7.0 welcome\r\n");
        } else {
            c->state = AUTH_PLAIN;
            SAY(c, "334 \r\n");
        }
    } else if (len >= 5 && strncasecmp(arg, "LOGIN", 5) == 0) {
        c->state = len > 6 ? AUTH_LOGIN_PASS : AUTH_LOGIN_USER;
        if (len > 6)
            SAY(c, "334 UGFzc3dvcmQ6\r\n");
        else
            SAY(c, "334 VXNlcm5hbWU6\r\n");
    } else
        REFUSE(c, "504 5.5.4 which mechanism?\r\n");
}

static void on_auth_line(struct connection *c, const char *line, size_t len)
{
    if (len == 1 && *line == '*') {
        c->state = COMMAND;
        SAY(c, "501 5.7.0 given up\r\n");
    } else if (c->state == AUTH_LOGIN_USER) {
        c->state = AUTH_LOGIN_PASS;
        SAY(c, "334 UGFzc3dvcmQ6\r\n");
    } else {
        c->state = COMMAND;
        count.auths++;
        SAY(c, "235 2.7.0 welcome\r\n");
    }
}

/* RFC 1870: a mail that announces too much is refused at MAIL. */
static bool announces_too_much(const char *line, size_t len)
{
    static const char word[] = " SIZE=";
    for (size_t i = 0; i + sizeof word - 1 < len; i++)
        if (strncasecmp(line + i, word, sizeof word - 1) == 0)
            return strtoull(line + i + sizeof word - 1, NULL, 10) > SIZE_LIMIT;
    return false;
}

static void on_mail(struct connection *c, const char *line, size_t len)
{
    if (c->mail)
        REFUSE(c, "503 5.5.1 nested MAIL\r\n");
    else if (len < 12 || strncasecmp(line, "MAIL FROM:<", 11) != 0)
        REFUSE(c, "501 5.5.4 MAIL FROM:<address>\r\n");
    else if (option.size && announces_too_much(line, len))
        SAY(c, "552 5.3.4 too big\r\n");
    else {
        c->mail = true;
        SAY(c, "250 2.1.0 ok\r\n");
    }
}

static void on_rcpt(struct connection *c, const char *line, size_t len)
{
    if (!c->mail)
        REFUSE(c, "503 5.5.1 MAIL first\r\n");
    else if (len < 11 || strncasecmp(line, "RCPT TO:<", 9) != 0)
        REFUSE(c, "501 5.5.4 RCPT TO:<address>\r\n");
    else {
        c->recipients++;
        SAY(c, "250 2.1.5 ok\r\n");
    }
}

static void on_data(struct connection *c)
{
    if (!c->recipients)
        REFUSE(c, "503 5.5.1 RCPT first\r\n");
    else {
        c->state = DATA;
        c->dot = 2; /* the stream before the body ends with the CRLF of DATA */
        SAY(c, "354 go\r\n");
    }
}

static void on_bdat(struct connection *c, const char *line, size_t len)
{
    char *end;
    if (!option.chunking || len < 6 || line[5] < '0' || line[5] > '9') {
        REFUSE(c, "501 5.5.4 BDAT size [LAST]\r\n");
        return;
    }
    c->chunk = strtoull(line + 5, &end, 10);
    c->last = (size_t)(line + len - end) == 5 && strncasecmp(end, " LAST", 5) == 0;
    c->refused = !c->recipients;
    c->state = BDAT;
}

/* The bytes of a chunk are read even when they are refused (RFC 3030 section 2). */
static void end_of_chunk(struct connection *c)
{
    c->state = COMMAND;
    if (c->refused)
        REFUSE(c, "503 5.5.1 RCPT first\r\n");
    else if (c->last) {
        count.mails_bdat++;
        end_of_mail(c);
    } else
        SAY(c, "250 2.0.0 more\r\n");
}

static void on_starttls(struct connection *c)
{
    if (c->port != PORT_STARTTLS || c->ssl)
        REFUSE(c, "502 5.5.1 not here\r\n");
    else {
        c->start_tls = true;
        SAY(c, "220 2.0.0 go ahead\r\n");
    }
}

static bool is(const char *line, size_t len, const char *verb)
{
    size_t want = strlen(verb);
    return len >= want && strncasecmp(line, verb, want) == 0 && (len == want || line[want] == ' ');
}

/* `line` ends with a NUL where its CRLF began. */
static void on_command(struct connection *c, const char *line, size_t len)
{
    if (is(line, len, "MAIL"))
        on_mail(c, line, len);
    else if (is(line, len, "RCPT"))
        on_rcpt(c, line, len);
    else if (is(line, len, "BDAT"))
        on_bdat(c, line, len);
    else if (is(line, len, "DATA"))
        on_data(c);
    else if (is(line, len, "EHLO"))
        on_ehlo(c);
    else if (is(line, len, "HELO"))
        SAY(c, "250 sink.example\r\n");
    else if (is(line, len, "AUTH"))
        on_auth(c, line + (len > 5 ? 5 : len), len > 5 ? len - 5 : 0);
    else if (is(line, len, "STARTTLS"))
        on_starttls(c);
    else if (is(line, len, "RSET")) {
        forget_mail(c);
        SAY(c, "250 2.0.0 ok\r\n");
    } else if (is(line, len, "NOOP"))
        SAY(c, "250 2.0.0 ok\r\n");
    else if (is(line, len, "QUIT")) {
        c->state = CLOSING;
        SAY(c, "221 2.0.0 bye\r\n");
    } else
        REFUSE(c, "500 5.5.2 unknown command\r\n");
}

/*
 * Read the body of DATA up to CRLF . CRLF, which may be cut anywhere.  Returns the bytes used;
 * c->state is COMMAND again when the end was among them.
 */
static size_t eat_data(struct connection *c, const char *bytes, size_t len)
{
    size_t i = 0;
    while (i < len) {
        if (c->dot == 0) { /* nothing matters before the next CR */
            const char *cr = memchr(bytes + i, '\r', len - i);
            size_t skip = cr ? (size_t)(cr - bytes) - i + 1 : len - i;
            c->size += skip;
            i += skip;
            c->dot = cr ? 1 : 0;
            continue;
        }
        char byte = bytes[i++];
        c->size++;
        if (byte == "\r\n.\r\n"[c->dot]) {
            if (++c->dot == 5) {
                c->size -= 3;
                c->state = COMMAND;
                end_of_mail(c);
                return i;
            }
            continue;
        }
        if (c->dot == 3 || c->dot == 4)
            c->size--; /* a stuffed dot */
        c->dot = byte == '\r' ? 1 : 0;
    }
    return len;
}

/* Use what can be used of the input.  False when the connection is over. */
static bool process(struct connection *c)
{
    size_t at = 0;
    while (at < c->in_len && c->state != CLOSING && !c->start_tls) {
        if (OUT_SIZE - c->out_len < REPLY_ROOM) {
            if (!flush(c))
                return false;
            if (c->out_len)
                break;
        }
        char *line = c->in + at;
        size_t left = c->in_len - at;
        if (c->state == DATA) {
            at += eat_data(c, line, left);
        } else if (c->state == BDAT) {
            size_t take = left < c->chunk ? left : (size_t)c->chunk;
            c->chunk -= take;
            c->size += take;
            at += take;
            if (!c->chunk)
                end_of_chunk(c);
        } else {
            char *lf = memchr(line, '\n', left);
            if (!lf)
                break;
            at += (size_t)(lf - line) + 1;
            size_t len = (size_t)(lf - line);
            if (len && line[len - 1] == '\r')
                len--;
            line[len] = '\0';
            if (c->state == COMMAND)
                on_command(c, line, len);
            else
                on_auth_line(c, line, len);
            if (c->state == BDAT && !c->chunk)
                end_of_chunk(c);
        }
    }
    c->in_len -= at;
    memmove(c->in, c->in + at, c->in_len);
    return c->in_len < IN_SIZE || c->out_len > 0; /* a line of 64 KiB is no line */
}

static void greet(struct connection *c)
{
    SAY(c, "220 sink.example ESMTP\r\n");
}

static bool begin_tls(struct connection *c)
{
    if (c->in_len) { /* bytes in the clear behind STARTTLS */
        count.violations++;
        return false;
    }
    c->start_tls = false;
    c->ssl = SSL_new(tls);
    if (!c->ssl || !SSL_set_fd(c->ssl, c->fd))
        return false;
    SSL_set_accept_state(c->ssl);
    c->shaking = true;
    c->seen_in = c->seen_out = 0;
    return true;
}

static bool shake(struct connection *c)
{
    ERR_clear_error();
    int done = SSL_do_handshake(c->ssl);
    int why = done == 1 ? 0 : SSL_get_error(c->ssl, done);
    note_in(c, 0);
    note_out(c, 0);
    if (done != 1)
        return why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE;
    c->shaking = false;
    if (SSL_session_reused(c->ssl))
        count.handshakes_resumed++;
    else
        count.handshakes_full++;
    if (c->port == PORT_IMPLICIT)
        greet(c);
    return true;
}

/*
 * More of what the client is saying may be in the socket already: it is looked for before we
 * answer, lest one flight be counted as two.  Otherwise a short read has emptied the socket, and
 * asking again would cost a system call a flight.
 */
static bool amid(const struct connection *c)
{
    return c->in_len > 0 || c->state == BDAT || c->state == DATA;
}

/* False when the connection is over. */
static bool serve(struct connection *c)
{
    if (c->shaking && !shake(c))
        return false;
    if (c->shaking)
        return true;
    if (c->want_out && (!flush(c) || (!c->want_out && !process(c))))
        return false;
    if (c->want_out)
        return true;
    bool drained = c->state == CLOSING;
    while (!drained) {
        ssize_t got = fill(c);
        if (!process(c) || got < 0) {
            flush(c);
            return false;
        }
        if (c->state == CLOSING)
            break;
        if (c->start_tls)
            return flush(c) && begin_tls(c);
        if (c->want_out)
            return flush(c);
        drained = got == 0 || (!amid(c) && (c->ssl ? !SSL_has_pending(c->ssl) : got < IN_SIZE / 2));
    }
    return flush(c) && (c->state != CLOSING || c->want_out);
}

/* ---- The process ---- */

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
        c->answered = true;
        count.connections++;
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};
        bool fine = epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) == 0;
        if (fine && port == PORT_IMPLICIT)
            fine = begin_tls(c);
        else if (fine) {
            greet(c);
            fine = flush(c);
        }
        if (!fine)
            drop(c);
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

static void prepare_tls(void)
{
    static const unsigned char name[] = "sink";
    tls = SSL_CTX_new(TLS_server_method());
    if (!tls || SSL_CTX_use_certificate_chain_file(tls, option.cert) != 1 ||
        SSL_CTX_use_PrivateKey_file(tls, option.key, SSL_FILETYPE_PEM) != 1 ||
        !SSL_CTX_set_session_id_context(tls, name, sizeof name - 1)) {
        ERR_print_errors_fp(stderr);
        exit(78);
    }
    SSL_CTX_set_min_proto_version(tls, TLS1_2_VERSION);
    SSL_CTX_set_max_proto_version(tls, option.max_version);
    SSL_CTX_set_num_tickets(tls, (size_t)option.tickets);
    if (!option.tickets)
        SSL_CTX_set_options(tls, SSL_OP_NO_TICKET);
    SSL_CTX_set_read_ahead(tls, 1);
    SSL_CTX_set_mode(tls, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
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
    "A flight is bytes of a client that came after all it sent before had been answered.\n";

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
        drop(what);
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
        prepare_tls();
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
