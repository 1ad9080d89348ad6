/* SPDX-License-Identifier: MIT */
/*
 * A small SMTP server over OpenSSL itself, for faults below Python's ssl module: renegotiation,
 * floods of KeyUpdate and tickets, fatal alerts, a change of certificate, and a window that ends
 * within the terminator. A process of its own serves each connection; each event is a line of JSON
 * on standard output.  Commands:
 *
 *   offer KEYWORD                      PIPELINING and, with CHUNKING, that too
 *   version 1.2|1.3                    the only one spoken
 *   certificate PEM KEY keep|forget    whether tickets given before are still good
 *   fault WHAT STAGE COUNT             renegotiate, key-update, tickets, alert, window;
 *                                      STAGE: mail, data, body, final, idle
 */
#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define QUIET_MS 500 /* longer than the first probe of a closed window */

static struct {
    SSL_CTX *tls;
    char certificate[512], key[512], what[32], stage[16];
    int version, count;
    bool chunking;
} set = {.version = TLS1_3_VERSION};

struct talk {
    int fd;
    SSL *ssl; /* NULL: the clear listener */
    size_t len, read;
    char in[32768];
};

static void tell(const char *form, ...)
{
    char line[512];
    va_list words;
    int len;

    va_start(words, form);
    len = vsnprintf(line, sizeof line, form, words);
    va_end(words);
    if (len < 0 || write(1, line, (size_t)len) != len)
        _exit(74);
}

static _Noreturn void die(const char *what)
{
    perror(what);
    ERR_print_errors_fp(stderr);
    _exit(70);
}

static _Noreturn void leave(const char *why)
{
    tell("{\"ended\": \"%s\"}\n", why);
    _exit(0);
}

/* ---- Octets ---- */

static void say(struct talk *talk, const char *text)
{
    int len = (int)strlen(text);

    if ((talk->ssl ? SSL_write(talk->ssl, text, len) : (int)write(talk->fd, text, (size_t)len)) !=
        len)
        leave("lost");
}

static void fill(struct talk *talk)
{
    size_t room = sizeof talk->in - talk->len;
    int got = talk->ssl ? SSL_read(talk->ssl, talk->in + talk->len, (int)room)
                        : (int)read(talk->fd, talk->in + talk->len, room);

    if (got <= 0)
        leave(talk->ssl && SSL_get_error(talk->ssl, got) == SSL_ERROR_SSL ? "tls" : "eof");
    talk->len += (size_t)got;
    talk->read += (size_t)got;
}

static void drop(struct talk *talk, size_t len)
{
    talk->len -= len;
    memmove(talk->in, talk->in + len, talk->len);
}

static void take_line(struct talk *talk, char *line, size_t cap)
{
    char *end;

    while (!(end = memchr(talk->in, '\n', talk->len))) {
        if (talk->len == sizeof talk->in)
            leave("line too long");
        fill(talk);
    }
    snprintf(line, cap, "%.*s", (int)(end - talk->in - 1), talk->in);
    drop(talk, (size_t)(end - talk->in) + 1);
}

/* ---- Faults ---- */

/* A record that is none of ours makes OpenSSL send its fatal alert. */
static _Noreturn void alert(struct talk *talk)
{
    static const char junk[5 + 64] = "\x17\x03\x03\x00\x40";
    char byte;

    SSL_set0_rbio(talk->ssl, BIO_new_mem_buf(junk, sizeof junk));
    if (SSL_read(talk->ssl, &byte, 1) > 0)
        die("the junk was understood");
    shutdown(talk->fd, SHUT_WR);
    while (read(talk->fd, talk->in, sizeof talk->in) > 0)
        continue; /* unread octets would turn the close into a reset, which destroys the alert */
    leave("alert");
}

static void flood(struct talk *talk)
{
    int done = 0;

    while (done < set.count) {
        int ok = strcmp(set.what, "tickets") == 0 ? SSL_new_session_ticket(talk->ssl)
                 : strcmp(set.what, "renegotiate") == 0
                     ? SSL_renegotiate(talk->ssl)
                     : SSL_key_update(talk->ssl, SSL_KEY_UPDATE_REQUESTED);

        if (ok != 1)
            die(set.what);
        if (SSL_do_handshake(talk->ssl) != 1)
            break;
        if (++done == 100)
            tell("{\"begun\": true}\n");
    }
    tell("{\"fault\": \"%s\", \"done\": %d}\n", set.what, done);
    if (done < set.count)
        leave("lost");
}

/* Reads nothing until no more fits, and resets. */
static _Noreturn void close_window(struct talk *talk)
{
    struct linger linger = {.l_onoff = 1};
    int unread = -1, seen = 0;

    while (unread != seen || unread == 0) {
        struct timespec quiet = {0, QUIET_MS * 1000000L};

        unread = seen;
        nanosleep(&quiet, NULL);
        if (ioctl(talk->fd, FIONREAD, &seen) != 0)
            die("FIONREAD");
    }
    tell("{\"unread\": %d}\n", unread);
    setsockopt(talk->fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
    close(talk->fd);
    leave("reset");
}

static void stage(struct talk *talk, const char *name)
{
    if (strcmp(set.stage, name) != 0)
        return;
    if (strcmp(set.what, "window") == 0)
        close_window(talk);
    else if (strcmp(set.what, "alert") == 0)
        alert(talk);
    else
        flood(talk);
}

/* ---- The dialogue ---- */

static void take_dotted(struct talk *talk)
{
    char line[2048];
    size_t before = talk->read - talk->len;

    do {
        take_line(talk, line, sizeof line);
        stage(talk, "body");
    } while (strcmp(line, ".") != 0);
    tell("{\"content\": %zu}\n", talk->read - talk->len - before);
}

static void take_chunk(struct talk *talk, size_t len)
{
    size_t left = len;

    while (left > 0) {
        size_t part;

        if (talk->len == 0)
            fill(talk);
        stage(talk, "body");
        part = talk->len < left ? talk->len : left;
        drop(talk, part);
        left -= part;
    }
    tell("{\"content\": %zu}\n", len);
}

static void conclude(struct talk *talk)
{
    stage(talk, "final");
    say(talk, "250 2.0.0 queued\r\n");
    tell("{\"verdict\": 250, \"read\": %zu}\n", talk->read - talk->len);
    stage(talk, "idle");
}

static void obey(struct talk *talk, const char *line)
{
    if (strncmp(line, "EHLO ", 5) == 0) {
        say(talk, set.chunking
                      ? "250-localhost\r\n250-AUTH PLAIN\r\n250-PIPELINING\r\n250 CHUNKING\r\n"
                      : "250-localhost\r\n250-AUTH PLAIN\r\n250 PIPELINING\r\n");
        talk->read = talk->len;
    } else if (strncmp(line, "AUTH ", 5) == 0) {
        say(talk, "235 2.7.0 ok\r\n");
    } else if (strncmp(line, "MAIL ", 5) == 0) {
        stage(talk, "mail");
        say(talk, "250 2.1.0 ok\r\n");
    } else if (strcmp(line, "DATA") == 0) {
        say(talk, "354 go on\r\n");
        stage(talk, "data");
        take_dotted(talk);
        conclude(talk);
    } else if (strncmp(line, "BDAT ", 5) == 0) {
        take_chunk(talk, strtoul(line + 5, NULL, 10));
        conclude(talk);
    } else if (strcmp(line, "QUIT") == 0) {
        say(talk, "221 2.0.0 bye\r\n");
        leave("quit");
    } else {
        say(talk, "250 2.0.0 ok\r\n");
    }
}

static _Noreturn void serve(int fd, bool tls)
{
    static struct talk talk;
    char line[2048];

    talk.fd = fd;
    if (tls) {
        talk.ssl = SSL_new(set.tls);
        if (!talk.ssl || SSL_set_fd(talk.ssl, fd) != 1)
            die("SSL_new");
        if (SSL_accept(talk.ssl) != 1)
            leave("handshake");
        tell("{\"resumed\": %d}\n", SSL_session_reused(talk.ssl));
    }
    say(&talk, "220 localhost ESMTP\r\n");
    for (;;) {
        take_line(&talk, line, sizeof line);
        obey(&talk, line);
        if (!tls && set.chunking && strncmp(line, "EHLO", 4) == 0)
            stage(&talk, "data");
    }
}

/* ---- Listening ---- */

static int on_hello(SSL *ssl, int *why, void *user)
{
    const unsigned char *bytes;
    size_t len;
    bool offered = SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_psk, &bytes, &len) == 1;

    (void)why;
    (void)user;
    if (SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_session_ticket, &bytes, &len) == 1 && len > 0)
        offered = true;
    tell("{\"hello\": true, \"session\": %s}\n", offered ? "true" : "false");
    return SSL_CLIENT_HELLO_SUCCESS;
}

static void make_context(bool keep)
{
    unsigned char keys[80];
    SSL_CTX *made = SSL_CTX_new(TLS_server_method());

    if (!made || SSL_CTX_use_certificate_chain_file(made, set.certificate) != 1 ||
        SSL_CTX_use_PrivateKey_file(made, set.key, SSL_FILETYPE_PEM) != 1)
        die(set.certificate);
    SSL_CTX_set_min_proto_version(made, set.version);
    SSL_CTX_set_max_proto_version(made, set.version);
    SSL_CTX_set_session_id_context(made, (const unsigned char *)"facteur", 7);
    SSL_CTX_set_client_hello_cb(made, on_hello, NULL);
    if (keep && set.tls &&
        (SSL_CTX_get_tlsext_ticket_keys(set.tls, keys, sizeof keys) != 1 ||
         SSL_CTX_set_tlsext_ticket_keys(made, keys, sizeof keys) != 1))
        die("the keys of the tickets");
    SSL_CTX_free(set.tls);
    set.tls = made;
}

static int listen_on(int *port, int window)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof at;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (window && setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &window, sizeof window) != 0)
        die("SO_RCVBUF");
    if (bind(fd, (struct sockaddr *)&at, sizeof at) != 0 || listen(fd, 16) != 0 ||
        getsockname(fd, (struct sockaddr *)&at, &len) != 0)
        die("listen");
    *port = ntohs(at.sin_port);
    return fd;
}

static void accept_one(int listener, bool tls)
{
    int fd = accept(listener, NULL, NULL);

    if (fd < 0)
        die("accept");
    if (fork() == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        serve(fd, tls);
    }
    close(fd);
}

static void command(char *line)
{
    char word[32] = "";

    if (sscanf(line, "offer %31s", word) == 1) {
        set.chunking = strcmp(word, "CHUNKING") == 0;
    } else if (sscanf(line, "version %31s", word) == 1) {
        set.version = strcmp(word, "1.2") == 0 ? TLS1_2_VERSION : TLS1_3_VERSION;
        make_context(false);
    } else if (sscanf(line, "certificate %511s %511s %31s", set.certificate, set.key, word) == 3) {
        make_context(strcmp(word, "keep") == 0);
    } else if (sscanf(line, "fault %31s %15s %d", set.what, set.stage, &set.count) != 3) {
        die(line);
    }
    tell("{\"understood\": true}\n");
}

int main(void)
{
    char line[2048];
    int port, clear_port;
    struct pollfd wait[3] = {{.events = POLLIN}, {.events = POLLIN}, {.events = POLLIN}};

    setvbuf(stdin, NULL, _IONBF, 0);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGCHLD, SIG_IGN);
    wait[1].fd = listen_on(&port, 0);
    wait[2].fd = listen_on(&clear_port, 4096);
    tell("{\"port\": %d, \"clear_port\": %d}\n", port, clear_port);
    while (poll(wait, 3, -1) > 0) {
        if (wait[0].revents) {
            if (!fgets(line, sizeof line, stdin))
                return 0;
            command(line);
        }
        for (int i = 1; i < 3; i++)
            if (wait[i].revents)
                accept_one(wait[i].fd, i == 1);
    }
    return 0;
}
