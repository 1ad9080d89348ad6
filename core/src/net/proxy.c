/* SPDX-License-Identifier: MIT */
#include "net/proxy.h"

#include "base/base64.h"
#include "base/ip.h"
#include "base/memory.h"
#include "facteur.h"

#include <stdio.h>

#define ANSWER_MAX 16384 /* bytes of all answers to CONNECT; SOCKS5 has at most 262 in one */
#define STATUS_LEN 12    /* "HTTP/1.1 200" */
#define OUTPUT_MAX 2048  /* of all that is said: never moved, for it holds the password */

enum step {
    STEP_METHOD,  /* SOCKS5: which way to log in */
    STEP_LOGIN,   /* SOCKS5: user name and password */
    STEP_CONNECT, /* the answer to the request */
    STEP_DONE,
    STEP_FAILED
};

struct fct_proxy {
    enum fct_proxy_kind kind;
    enum step step;
    char *host, *username;
    fct_secret *password;
    uint16_t port;
    fct_buf output, answer;
    size_t sent, heard;
    char message[384];
};

static int refuse(fct_proxy *proxy, int error, const char *clause)
{
    proxy->step = STEP_FAILED;
    snprintf(proxy->message, sizeof proxy->message, "%s", clause);
    return error;
}

static int refuse_login(fct_proxy *proxy)
{
    return refuse(proxy, FACTEUR_EAUTH,
                  proxy->username ? "it refused the user name and password"
                                  : "it wants a user name and password");
}

/* ---- SOCKS5 ---------------------------------------------------------------------------------- */

static void add_u16(fct_buf *out, uint16_t number)
{
    fct_buf_add_char(out, (char)(number >> 8));
    fct_buf_add_char(out, (char)(number & 0xff));
}

static void offer_methods(fct_proxy *proxy)
{
    /* RFC 1928 section 3: version, count, "none", "user name and password". */
    fct_buf_add(&proxy->output, proxy->username ? "\5\2\0\2" : "\5\1\0", proxy->username ? 4 : 3);
}

static void log_in(fct_proxy *proxy)
{
    fct_slice user = fct_slice_of(proxy->username);
    fct_slice password = proxy->password ? fct_secret_bytes(proxy->password) : FCT_SLICE("");

    /* RFC 1929 section 2. */
    fct_buf_add_char(&proxy->output, 1);
    fct_buf_add_char(&proxy->output, (char)user.len);
    fct_buf_add_slice(&proxy->output, user);
    fct_buf_add_char(&proxy->output, (char)password.len);
    fct_buf_add_slice(&proxy->output, password);
    proxy->step = STEP_LOGIN;
}

/* RFC 1928 section 4: an address as it is, a name for the proxy to resolve. */
static void ask_socks(fct_proxy *proxy)
{
    fct_slice host = fct_slice_of(proxy->host);
    unsigned char address[16];

    fct_buf_add(&proxy->output, "\5\1\0", 3);
    if (fct_ip_v4(host, address)) {
        fct_buf_add_char(&proxy->output, 1);
        fct_buf_add(&proxy->output, address, 4);
    } else if (fct_ip_v6(host, address)) {
        fct_buf_add_char(&proxy->output, 4);
        fct_buf_add(&proxy->output, address, 16);
    } else {
        fct_buf_add_char(&proxy->output, 3);
        fct_buf_add_char(&proxy->output, (char)host.len);
        fct_buf_add_slice(&proxy->output, host);
    }
    add_u16(&proxy->output, proxy->port);
    proxy->step = STEP_CONNECT;
}

/* RFC 1928 section 6; "wait" is what another try may change. */
static int refuse_socks(fct_proxy *proxy, unsigned char code)
{
    static const struct {
        const char *text;
        bool wait;
    } refusals[] = {
        [1] = {"it failed", true},
        [2] = {"its rules do not allow the connection", false},
        [3] = {"the network is unreachable", true},
        [4] = {"the host is unreachable", true},
        [5] = {"the connection was refused", true},
        [6] = {"the connection took too long", true},
        [7] = {"it does not know CONNECT", false},
        [8] = {"it does not know this kind of address", false},
    };
    bool known = code < sizeof refusals / sizeof refusals[0];

    proxy->step = STEP_FAILED;
    snprintf(proxy->message, sizeof proxy->message,
             "it did not connect to %s port %u: %s (code %u)", proxy->host, (unsigned)proxy->port,
             known ? refusals[code].text : "it gave a code of its own", (unsigned)code);
    return known && !refusals[code].wait ? FACTEUR_ECONFIG : FACTEUR_ECONNECT;
}

static int no_socks(fct_proxy *proxy)
{
    return refuse(proxy, FACTEUR_ECONNECT, "it does not speak SOCKS5");
}

static int read_method(fct_proxy *proxy, const unsigned char answer[2])
{
    if (answer[0] != 5)
        return no_socks(proxy);
    if (answer[1] == 0) {
        ask_socks(proxy);
        return 0;
    }
    if (answer[1] == 2 && proxy->username) {
        log_in(proxy);
        return 0;
    }
    if (proxy->username)
        return refuse(proxy, FACTEUR_EAUTH, "it takes no user name and password");
    return refuse_login(proxy);
}

static int read_login(fct_proxy *proxy, const unsigned char answer[2])
{
    if (answer[1] != 0)
        return refuse_login(proxy);
    ask_socks(proxy);
    return 0;
}

/* How long the answer is, as far as its first `len` bytes tell; 0: no answer of SOCKS5. */
static size_t answer_len(const unsigned char *answer, size_t len)
{
    if (len < 5)
        return 5;
    if (answer[3] == 1)
        return 4 + 4 + 2;
    if (answer[3] == 4)
        return 4 + 16 + 2;
    return answer[3] == 3 ? 4 + 1 + (size_t)answer[4] + 2 : 0;
}

static int read_socks(fct_proxy *proxy, const unsigned char *answer)
{
    if (answer[0] != 5)
        return no_socks(proxy);
    if (answer[1] != 0)
        return refuse_socks(proxy, answer[1]);
    proxy->step = STEP_DONE;
    return 1;
}

/* Octet by octet: an answer says how long it is only on the way. */
static int feed_socks(fct_proxy *proxy)
{
    const unsigned char *answer = (const unsigned char *)proxy->answer.ptr;
    size_t len = proxy->answer.len, wanted = 2;
    int result;

    if (proxy->step == STEP_CONNECT) {
        /* A refusal may be cut short behind its code. */
        if (len >= 2 && (answer[0] != 5 || answer[1] != 0))
            return read_socks(proxy, answer);
        wanted = answer_len(answer, len);
        if (wanted == 0)
            return no_socks(proxy);
    }
    if (len < wanted)
        return 0;
    if (proxy->step == STEP_METHOD)
        result = read_method(proxy, answer);
    else if (proxy->step == STEP_LOGIN)
        result = read_login(proxy, answer);
    else
        result = read_socks(proxy, answer);
    fct_buf_clear(&proxy->answer);
    return result;
}

/* ---- HTTP CONNECT ---------------------------------------------------------------------------- */

static void add_basic(fct_proxy *proxy)
{
    fct_slice password = proxy->password ? fct_secret_bytes(proxy->password) : FCT_SLICE("");
    char login[2 * FCT_PROXY_FIELD_MAX + 2], text[FCT_BASE64_LEN(sizeof login)];
    int len =
        snprintf(login, sizeof login, "%s:%.*s", proxy->username, (int)password.len, password.ptr);

    fct_buf_add_text(&proxy->output, "Proxy-Authorization: Basic ");
    fct_buf_add(&proxy->output, text, fct_base64_encode(text, login, (size_t)len));
    fct_buf_add_text(&proxy->output, "\r\n");
    fct_wipe(login, sizeof login);
    fct_wipe(text, sizeof text);
}

static void ask_http(fct_proxy *proxy)
{
    const char *format = strchr(proxy->host, ':') ? "[%s]:%u" : "%s:%u";
    char target[FCT_PROXY_FIELD_MAX + 16];

    snprintf(target, sizeof target, format, proxy->host, (unsigned)proxy->port);
    fct_buf_addf(&proxy->output, "CONNECT %s HTTP/1.1\r\nHost: %s\r\n", target, target);
    if (proxy->username)
        add_basic(proxy);
    fct_buf_add_text(&proxy->output, "\r\n");
    proxy->step = STEP_CONNECT;
}

static bool ends_header(const fct_buf *answer)
{
    size_t len = answer->len;

    return (len >= 4 && memcmp(answer->ptr + len - 4, "\r\n\r\n", 4) == 0) ||
           (len >= 2 && memcmp(answer->ptr + len - 2, "\n\n", 2) == 0);
}

static int no_http(fct_proxy *proxy)
{
    return refuse(proxy, FACTEUR_ECONNECT, "it does not speak HTTP/1.1");
}

/*
 * The proxy's own words are not repeated: they may hold what it was told.  Time can heal a failure
 * of the server (5xx), 408 and 429.
 */
static int refuse_http(fct_proxy *proxy, const char *code)
{
    bool wait = code[0] != '4' || strncmp(code, "408", 3) == 0 || strncmp(code, "429", 3) == 0;

    /* tinyproxy says 401. */
    if (strncmp(code, "407", 3) == 0 || strncmp(code, "401", 3) == 0)
        return refuse_login(proxy);
    proxy->step = STEP_FAILED;
    snprintf(proxy->message, sizeof proxy->message,
             "it did not connect to %s port %u: HTTP status %.3s", proxy->host,
             (unsigned)proxy->port, code);
    return wait ? FACTEUR_ECONNECT : FACTEUR_ECONFIG;
}

static int read_status(fct_proxy *proxy)
{
    const char *line = proxy->answer.ptr, *code = line + 9;

    if (proxy->answer.len < STATUS_LEN || line[8] != ' ')
        return no_http(proxy);
    for (int i = 0; i < 3; i++) {
        if (!fct_is_digit((unsigned char)code[i]))
            return no_http(proxy);
    }
    /* RFC 9110 section 15.2: something is said before the answer. */
    if (code[0] == '1')
        return 0;
    if (code[0] != '2')
        return refuse_http(proxy, code);
    proxy->step = STEP_DONE;
    return 1;
}

static int feed_http(fct_proxy *proxy)
{
    static const char version[] = "HTTP/1.";
    size_t len = proxy->answer.len;
    int result;

    if (strncmp(proxy->answer.ptr, version, len < 7 ? len : 7) != 0)
        return no_http(proxy);
    if (!ends_header(&proxy->answer))
        return 0;
    result = read_status(proxy);
    fct_buf_clear(&proxy->answer);
    return result;
}

/* ---- Both ------------------------------------------------------------------------------------ */

fct_proxy *fct_proxy_new(const struct fct_proxy_config *config, const char *host, uint16_t port)
{
    fct_proxy *proxy = fct_calloc(1, sizeof *proxy);

    if (!proxy)
        return NULL;
    proxy->kind = config->kind;
    proxy->port = port;
    proxy->host = fct_strdup(host);
    proxy->username = config->username ? fct_strdup(config->username) : NULL;
    proxy->password = fct_secret_ref(config->password);
    if (proxy->host && (!config->username || proxy->username) &&
        fct_buf_reserve(&proxy->output, OUTPUT_MAX) == 0) {
        if (proxy->kind == FCT_PROXY_HTTP)
            ask_http(proxy);
        else
            offer_methods(proxy);
        if (!proxy->output.failed)
            return proxy;
    }
    fct_proxy_free(proxy);
    return NULL;
}

void fct_proxy_free(fct_proxy *proxy)
{
    if (!proxy)
        return;
    fct_buf_wipe(&proxy->output);
    fct_buf_done(&proxy->answer);
    fct_secret_unref(proxy->password);
    fct_free(proxy->username);
    fct_free(proxy->host);
    fct_free(proxy);
}

fct_slice fct_proxy_output(const fct_proxy *proxy)
{
    return (fct_slice){proxy->output.ptr + proxy->sent, proxy->output.len - proxy->sent};
}

void fct_proxy_sent(fct_proxy *proxy, size_t len)
{
    proxy->sent += len;
}

int fct_proxy_feed(fct_proxy *proxy, const char *bytes, size_t len, size_t *used)
{
    int result = 0;

    for (*used = 0; *used < len && result == 0; ++*used) {
        if (proxy->heard++ == ANSWER_MAX)
            return refuse(proxy, FACTEUR_ECONNECT, "its answer is too long");
        if (fct_buf_add_char(&proxy->answer, bytes[*used]))
            return refuse(proxy, FACTEUR_ENOMEM, "memory ran out");
        result = proxy->kind == FCT_PROXY_HTTP ? feed_http(proxy) : feed_socks(proxy);
        if (proxy->output.failed)
            return refuse(proxy, FACTEUR_ENOMEM, "memory ran out");
    }
    return result;
}

const char *fct_proxy_message(const fct_proxy *proxy)
{
    return proxy->message;
}
