/* SPDX-License-Identifier: MIT */
#include "config/dialect.h"

#include <string.h>

#define WORD_MAX 40

struct word {
    const char *others; /* in lower case, without "_" and "-"; several are separated by spaces */
    const char *own;
};

/* scripts/options-doc makes the table of docs/coming-from.md of these rows. */
static const struct word options[] = {
    {"timeout", "deadline (of a whole send) or connect_timeout"},
    {"sockettimeout defaultsockettimeout readtimeout",
     "deadline (of a whole send) or command_timeout"},
    {"connectiontimeout opentimeout", "connect_timeout"},
    {"user hostuser login userid", "username"},
    {"pass passwd pwd hostpassword secret key apikey", "password"},
    {"passwordeval", "password_file or token_command"},
    {"host server address hostname relay relayhost",
     "the host of the DSN, as in smtps://user:password@host"},
    {"port", "the port of the DSN, as in smtps://host:465, or ports"},
    {"url mailerdsn transport scheme driver", "the DSN"},
    {"region", "the region of a preset, behind its '@', as in ses://USER:PASSWORD@eu-west-3"},
    {"usetls starttls tlsstarttls requiretls usestarttls enablestarttls enablestarttlsauto",
     "tls=starttls, which smtp:// is"},
    {"usessl ssl secure implicittls",
     "tls=implicit (smtps://) for TLS from the start, tls=starttls (smtp://) for STARTTLS"},
    {"encryption smtpsecure security", "tls"},
    {"autotls opportunistictls", "tls=opportunistic, or tls=none to switch STARTTLS off"},
    {"ignoretls disabletls plaintext", "tls=none"},
    {"verify verifypeer verifypeername sslverify verifycerts verifycertificate tlscertcheck "
     "rejectunauthorized allowselfsigned opensslverifymode insecure",
     "ca_file, tls_name or pin_sha256; dangerous_no_verify as the last resort"},
    {"peerfingerprint tlsfingerprint fingerprint", "pin_sha256"},
    {"peername servername sni tlshostoverride", "tls_name"},
    {"tlstrustfile cacert cacertfile ca", "ca_file"},
    {"cert certfile localcert sslcertfile tlscertfile", "client_cert"},
    {"keyfile localpk sslkeyfile tlskeyfile", "client_key"},
    {"passphrase", "client_key_password"},
    {"localdomain localhostname ehlo heloname ehloname domain", "helo"},
    {"sourceip sourceaddress bindto bind", "local_address"},
    {"proxyhost proxyurl", "proxy"},
    {"maxpersecond ratelimit ratedelta persecond", "max_rate"},
    {"restartthreshold maxmessages", "max_mails"},
    {"pingthreshold", "fresh_ms"},
    {"keepalive pool maxconnections connections",
     "pool_size, max_mails or idle_timeout (connections are always kept)"},
    {"retryperiod", "breaker_pause"},
    {"authmode authtype authmethod authmechanism authentication saslmechanism", "auth"},
    {"smtpauth", "username and password"},
    {"oauth oauth2 accesstoken oauthtoken", "token"},
    {"from fromemail defaultfromemail fromaddress sender", "default_from"},
    {"locale language", "default_locale"},
    {"debug smtpdebug debuglevel debugoutput logger",
     "the transcript of a receipt, or --verbose of the program"},
};

struct value {
    const char *option, *others, *own;
};

static const struct value values[] = {
    {"tls", "ssl", "implicit"},
    {"tls", "smtps", "implicit"},
    {"tls", "tls", "starttls"},
    {"tls", "1", "starttls or implicit"},
    {"tls", "true", "starttls or implicit"},
    {"tls", "yes", "starttls or implicit"},
    {"tls", "on", "starttls or implicit"},
    {"tls", "required", "starttls or implicit"},
    {"tls", "auto", "opportunistic"},
    {"tls", "may", "opportunistic"},
    {"tls", "encrypt", "starttls"},
    {"tls", "0", "none"},
    {"tls", "false", "none"},
    {"tls", "no", "none"},
    {"tls", "off", "none"},
    {"tls", "null", "none"},
    {"auth", "oauth2", "XOAUTH2 or OAUTHBEARER"},
    {"auth", "oauth", "XOAUTH2 or OAUTHBEARER"},
    {"auth", "crammd5", "CRAM-MD5"},
    {"mode", "production", "live"},
    {"mode", "sandbox", "capture"},
    {"mode", "test", "capture"},
    {"address_family", "4", "ipv4"},
    {"address_family", "6", "ipv6"},
};

/* What facteur does not read as it is meant. */
static const struct word schemes[] = {
    {"native sendmail mail", "smtp://localhost"},
    {"http https", "proxy=http://… as an option, or the host alone in smtps://host"},
    {"socks5 socks5h", "proxy=socks5://… as an option of smtps://host"},
    {"filemail", "file:///directory"},
    {"consolemail console log", "file:///directory or memory://"},
    {"memorymail array inmemory locmem", "memory://"},
    {"dummymail dummy blackhole", "null://"},
    {"unix lmtp", "smtp+unix:///path/of/socket"},
    {"sendinblue", "brevo://LOGIN:KEY"},
    {"mailchimp", "mandrill://KEY"},
    {"google", "gmail://USER:APP-PASSWORD"},
    {"outlook microsoft365 microsoftgraph", "office365://USER?token=TOKEN"},
    {"amazonses awsses", "ses://SMTP-USER:SMTP-PASSWORD@eu-west-3"},
};

/* The word without what does not count; its length, or 0 when it is too long. */
static size_t normalise(const char *word, size_t len, char out[WORD_MAX])
{
    size_t used = 0;

    for (size_t i = 0; i < len; i++) {
        if (word[i] == '_' || word[i] == '-' || word[i] == '.')
            continue;
        if (used == WORD_MAX)
            return 0;
        out[used++] = (char)fct_ascii_lower((unsigned char)word[i]);
    }
    return used;
}

static bool is_among(const char *others, fct_slice word)
{
    while (*others) {
        size_t len = strcspn(others, " ");

        if (fct_slice_equal(word, (fct_slice){others, len}))
            return true;
        others += len + (others[len] == ' ');
    }
    return false;
}

static const char *find(const struct word *words, size_t count, fct_slice word)
{
    for (size_t i = 0; i < count; i++)
        if (is_among(words[i].others, word))
            return words[i].own;
    return NULL;
}

const char *fct_dialect_option(const char *name, size_t len)
{
    static const char *const prefixes[] = {"", "email", "mailer", "mail", "smtp"};
    char word[WORD_MAX];
    size_t used = normalise(name, len, word);

    for (size_t i = 0; i < sizeof prefixes / sizeof prefixes[0]; i++) {
        size_t cut = strlen(prefixes[i]);
        const char *own = NULL;

        if (used > cut && memcmp(word, prefixes[i], cut) == 0)
            own = find(options, sizeof options / sizeof options[0],
                       (fct_slice){word + cut, used - cut});
        if (own)
            return own;
    }
    return NULL;
}

const char *fct_dialect_value(const char *option, fct_slice value)
{
    char word[WORD_MAX];
    fct_slice plain = {word, normalise(value.ptr, value.len, word)};

    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++)
        if (strcmp(values[i].option, option) == 0 && is_among(values[i].others, plain))
            return values[i].own;
    return NULL;
}

const char *fct_dialect_scheme(fct_slice scheme)
{
    char word[WORD_MAX];

    return find(schemes, sizeof schemes / sizeof schemes[0],
                (fct_slice){word, normalise(scheme.ptr, scheme.len, word)});
}
