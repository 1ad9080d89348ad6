/* SPDX-License-Identifier: MIT */
/*
 * libcurl, which sends finished bytes and composes none.  Modes: default, a handle for each mail;
 * best, one handle reused, or as many on a multi handle as are in flight.
 */
#include <curl/curl.h>

#include "bench.h"

struct mail {
    CURL *handle;
    size_t at;
};

static char *raw;
static size_t raw_len;
static struct curl_slist *recipients;

static size_t give(char *to, size_t size, size_t count, void *data)
{
    struct mail *mail = data;
    size_t len = raw_len - mail->at;
    if (len > size * count)
        len = size * count;
    memcpy(to, raw + mail->at, len);
    mail->at += len;
    return len;
}

static void prepare(struct mail *mail)
{
    static char url[256];
    const char *tls = job("BENCH_TLS");
    snprintf(url, sizeof url, "%s://%s:%s", !strcmp(tls, "implicit") ? "smtps" : "smtp",
             job("BENCH_HOST"), job("BENCH_PORT"));
    CURL *handle = mail->handle = curl_easy_init();
    if (!handle)
        fail("curl_easy_init");
    curl_easy_setopt(handle, CURLOPT_URL, url);
    curl_easy_setopt(handle, CURLOPT_CAINFO, job("BENCH_CA"));
    if (!strcmp(tls, "starttls"))
        curl_easy_setopt(handle, CURLOPT_USE_SSL, (long)CURLUSESSL_ALL);
    if (job_number("BENCH_LOGIN")) {
        curl_easy_setopt(handle, CURLOPT_USERNAME, USER);
        curl_easy_setopt(handle, CURLOPT_PASSWORD, PASSWORD);
    }
    curl_easy_setopt(handle, CURLOPT_MAIL_FROM, "<" SENDER ">");
    curl_easy_setopt(handle, CURLOPT_MAIL_RCPT, recipients);
    curl_easy_setopt(handle, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(handle, CURLOPT_INFILESIZE_LARGE, (curl_off_t)raw_len);
    curl_easy_setopt(handle, CURLOPT_READFUNCTION, give);
    curl_easy_setopt(handle, CURLOPT_READDATA, mail);
}

static void one_by_one(bool keep, size_t mails)
{
    uint32_t *spent = malloc((mails + 1) * sizeof *spent);
    struct mail mail = {0};
    uint64_t begin = now_us();
    for (size_t i = 0; spent && i < mails; i++) {
        uint64_t before = now_us();
        if (!mail.handle)
            prepare(&mail);
        mail.at = 0;
        CURLcode code = curl_easy_perform(mail.handle);
        if (code)
            fail(curl_easy_strerror(code));
        if (!keep) {
            curl_easy_cleanup(mail.handle);
            mail.handle = NULL;
        }
        spent[i] = (uint32_t)(now_us() - before);
    }
    answer(now_us() - begin, spent, mails);
    curl_easy_cleanup(mail.handle);
}

static void in_flight(size_t mails, size_t depth)
{
    CURLM *multi = curl_multi_init();
    struct mail *lanes = calloc(depth, sizeof *lanes);
    size_t begun = 0, done = 0;
    if (!multi || !lanes)
        fail("memory");
    curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, (long)depth);
    uint64_t begin = now_us();
    for (size_t i = 0; i < depth && begun < mails; i++, begun++) {
        prepare(&lanes[i]);
        curl_easy_setopt(lanes[i].handle, CURLOPT_PRIVATE, &lanes[i]);
        curl_multi_add_handle(multi, lanes[i].handle);
    }
    while (done < mails) {
        int running, left;
        CURLMsg *message;
        curl_multi_perform(multi, &running);
        while ((message = curl_multi_info_read(multi, &left)) != NULL) {
            struct mail *mail;
            CURL *handle = message->easy_handle;
            if (message->data.result)
                fail(curl_easy_strerror(message->data.result));
            done++;
            curl_easy_getinfo(handle, CURLINFO_PRIVATE, (char **)&mail);
            curl_multi_remove_handle(multi, handle);
            if (begun < mails) {
                begun++;
                mail->at = 0;
                curl_multi_add_handle(multi, handle);
                running++;
            }
        }
        if (done < mails)
            curl_multi_poll(multi, NULL, 0, 1000, NULL);
    }
    answer(now_us() - begin, NULL, 0);
    for (size_t i = 0; i < depth; i++)
        curl_easy_cleanup(lanes[i].handle);
    curl_multi_cleanup(multi);
}

int main(void)
{
    size_t mails = job_number("BENCH_MAILS"), depth = job_number("BENCH_DEPTH");
    raw = job_file("order.eml", &raw_len);
    curl_global_init(CURL_GLOBAL_ALL);
    recipients = curl_slist_append(NULL, "<" RECIPIENT ">");
    if (depth == 1)
        one_by_one(!strcmp(job("BENCH_MODE"), "best"), mails);
    else
        in_flight(mails, depth);
    curl_slist_free_all(recipients);
    curl_global_cleanup();
    return 0;
}
