/* SPDX-License-Identifier: MIT */
/*
 * A server with threads, as a thread-safe PHP is built for: each thread runs a script as a request
 * of its own, a number of times, and is then replaced by the next one.
 *
 * usage: threads EXTENSION SCRIPT THREADS REQUESTS GENERATIONS
 *
 * The script finds $thread (from 0) and $request (from 0 over all generations) set.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "sapi/embed/php_embed.h"

#define THREADS_MAX 64

static const char *script;
static int requests, generation;

static void run_request(int thread, int request)
{
    zend_file_handle file;
    char told[80];

    SG(headers_sent) = 1;
    SG(request_info).no_headers = 1;
    if (php_request_startup() == FAILURE) {
        fprintf(stderr, "thread %d: no request\n", thread);
        exit(1);
    }
    zend_first_try
    {
        snprintf(told, sizeof told, "$thread = %d; $request = %d;", thread, request);
        zend_eval_string(told, NULL, "threads");
        zend_stream_init_filename(&file, script);
        php_execute_script(&file);
        zend_destroy_file_handle(&file);
    }
    zend_end_try();
    php_request_shutdown(NULL);
}

static void *run_thread(void *argument)
{
    int thread = (int)(size_t)argument;

    ts_resource(0);
    for (int i = 0; i < requests; i++)
        run_request(thread, generation * requests + i);
    ts_free_thread();
    return NULL;
}

static int number(const char *text, int max)
{
    int value = atoi(text);

    if (value < 1 || value > max) {
        fprintf(stderr, "%s is not from 1 to %d\n", text, max);
        exit(64);
    }
    return value;
}

static void start_php(const char *extension)
{
    static char ini[4096];

    snprintf(ini, sizeof ini, "extension=%s\ndisplay_errors=stderr\nlog_errors=0\nhtml_errors=0\n",
             extension);
    signal(SIGPIPE, SIG_IGN);
    php_tsrm_startup();
    zend_signal_startup();
    sapi_startup(&php_embed_module);
    php_embed_module.php_ini_ignore = 1;
    php_embed_module.ini_entries = ini;
    if (php_embed_module.startup(&php_embed_module) == FAILURE)
        exit(1);
}

static void stop_php(void)
{
    php_module_shutdown();
    sapi_shutdown();
    tsrm_shutdown();
}

int main(int argc, char **argv)
{
    pthread_t threads[THREADS_MAX];
    int count, generations;

    if (argc != 6) {
        fprintf(stderr, "usage: threads EXTENSION SCRIPT THREADS REQUESTS GENERATIONS\n");
        return 64;
    }
    script = argv[2];
    count = number(argv[3], THREADS_MAX);
    requests = number(argv[4], 10000);
    generations = number(argv[5], 10000);
    start_php(argv[1]);
    for (generation = 0; generation < generations; generation++) {
        for (int i = 0; i < count; i++)
            if (pthread_create(&threads[i], NULL, run_thread, (void *)(size_t)i) != 0)
                return 1;
        for (int i = 0; i < count; i++)
            pthread_join(threads[i], NULL);
    }
    stop_php();
    return 0;
}
