/* SPDX-License-Identifier: MIT */
/*
 * A bare loop: finished bytes, one write for each mail, and reads until its replies are there.  It
 * decides nothing and keeps nothing, so no client can take less CPU.  Always in mode best.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench.h"

static int fd;
static SSL *ssl; /* NULL: in the clear */

static void dial(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)job_number("BENCH_PORT"))};
    int on = 1;
    if (inet_pton(AF_INET, job("BENCH_HOST"), &address.sin_addr) != 1)
        fail("BENCH_HOST");
    fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address))
        fail("connect");
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

static void secure(void)
{
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    if (!context || SSL_CTX_load_verify_locations(context, job("BENCH_CA"), NULL) != 1)
        fail("BENCH_CA");
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
    /* A record's head and its rest come by one read. */
    SSL_CTX_set_read_ahead(context, 1);
    ssl = SSL_new(context);
    if (!ssl || SSL_set_fd(ssl, fd) != 1 || SSL_connect(ssl) != 1)
        fail("TLS");
    SSL_CTX_free(context);
}

static void say(const char *bytes, size_t len)
{
    ssize_t sent = ssl ? SSL_write(ssl, bytes, (int)len) : write(fd, bytes, len);
    if (sent != (ssize_t)len)
        fail("write");
}

/* So many replies; each must be of this kind. */
static void hear(size_t replies, char kind)
{
    static char bytes[16384];
    size_t len = 0, line = 0;
    while (replies) {
        ssize_t got = ssl ? SSL_read(ssl, bytes + len, (int)(sizeof bytes - len))
                          : read(fd, bytes + len, sizeof bytes - len);
        char *end;
        if (got <= 0)
            fail("read");
        len += (size_t)got;
        while ((end = memchr(bytes + line, '\n', len - line))) {
            if (bytes[line] != kind)
                fail(bytes + line);
            replies -= end - (bytes + line) > 3 && bytes[line + 3] == ' ';
            line = (size_t)(end - bytes) + 1;
        }
    }
}

static void ask(const char *line, char kind)
{
    say(line, strlen(line));
    hear(1, kind);
}

static void open_session(void)
{
    static const char secret[] = "\0" USER "\0" PASSWORD;
    const char *tls = job("BENCH_TLS");
    bool later = !strcmp(tls, "starttls");
    dial();
    if (later) {
        hear(1, '2');
        ask("EHLO shop.example.com\r\n", '2');
        ask("STARTTLS\r\n", '2');
    }
    if (strcmp(tls, "none"))
        secure();
    if (!later)
        hear(1, '2');
    ask("EHLO shop.example.com\r\n", '2');
    if (job_number("BENCH_LOGIN")) {
        char line[256] = "AUTH PLAIN ";
        size_t at = strlen(line);
        at += (size_t)EVP_EncodeBlock((unsigned char *)line + at, (const unsigned char *)secret,
                                      sizeof secret - 1);
        strcpy(line + at, "\r\n");
        ask(line, '2');
    }
}

/* All that a mail needs, in one piece. */
static char *flight(size_t *len)
{
    size_t raw_len;
    char *raw = job_file("order.eml", &raw_len), *bytes = malloc(raw_len + 512);
    if (!bytes)
        fail("memory");
    *len = (size_t)sprintf(
        bytes, "MAIL FROM:<" SENDER ">\r\nRCPT TO:<" RECIPIENT ">\r\nBDAT %zu LAST\r\n", raw_len);
    memcpy(bytes + *len, raw, raw_len);
    *len += raw_len;
    return bytes;
}

int main(void)
{
    size_t mails = job_number("BENCH_MAILS"), len;
    char *bytes = flight(&len);
    uint32_t *spent = malloc((mails + 1) * sizeof *spent);
    uint64_t begin = now_us();
    if (mails)
        open_session();
    for (size_t i = 0; spent && i < mails; i++) {
        uint64_t before = now_us();
        say(bytes, len);
        hear(3, '2');
        spent[i] = (uint32_t)(now_us() - before);
    }
    answer(now_us() - begin, spent, mails);
    if (mails)
        ask("QUIT\r\n", '2');
    return 0;
}
