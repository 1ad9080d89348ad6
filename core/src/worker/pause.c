/* SPDX-License-Identifier: MIT */
#include "worker/pause.h"

#include "base/error.h"

#include <string.h>
#include <time.h>

int fct_pauses_read(struct fct_pauses *pauses, fct_store *store, facteur_error **error)
{
    struct fct_bars bars = {0};
    int result = fct_store_bars(store, FCT_BAR_RELAY, NULL, "", 1000, &bars, error);

    for (unsigned i = 0; !result && i < pauses->plan->member_count; i++) {
        struct fct_pause *relay = &pauses->relays[i];

        relay->until_us = 0;
        relay->times = 0;
        for (size_t k = 0; k < bars.count; k++) {
            if (strcmp(bars.bars[k].name, pauses->plan->members[i].relay.name) == 0) {
                relay->until_us = bars.bars[k].until_us;
                relay->times = bars.bars[k].times;
            }
        }
    }
    fct_bars_done(&bars);
    return result;
}

uint32_t fct_pauses_all(const struct fct_pauses *pauses)
{
    return UINT32_MAX >> (FCT_MEMBERS_MAX - pauses->plan->member_count);
}

uint32_t fct_pauses_closed(const struct fct_pauses *pauses, int64_t now_us)
{
    uint32_t closed = 0;

    for (unsigned i = 0; i < pauses->plan->member_count; i++)
        closed |= (uint32_t)(pauses->relays[i].until_us > now_us) << i;
    return closed;
}

unsigned fct_pauses_allow(const struct fct_pauses *pauses, int64_t now_us, unsigned most)
{
    for (unsigned i = 0; i < pauses->plan->member_count; i++) {
        if (!pauses->relays[i].until_us)
            return most;
    }
    return fct_pauses_closed(pauses, now_us) == fct_pauses_all(pauses) ? 0 : 1;
}

/* Twice as long each time, and up to a quarter longer, so that workers do not come together. */
static int64_t span_us(unsigned times, uint32_t random)
{
    int64_t span = FCT_PAUSE_FIRST_US;

    while (times-- > 0 && span < FCT_PAUSE_MOST_US)
        span *= 2;
    if (span > FCT_PAUSE_MOST_US)
        span = FCT_PAUSE_MOST_US;
    return span + (int64_t)(random % (uint32_t)(span / 4000)) * 1000;
}

int fct_pauses_refused(struct fct_pauses *pauses, unsigned relay, fct_store *store,
                       const char *reason, int64_t mail_id, int64_t now_us, uint32_t random,
                       bool *first, int64_t *next_us, facteur_error **error)
{
    struct fct_pause *pause = &pauses->relays[relay];
    struct fct_bar bar = {.name = pauses->plan->members[relay].relay.name,
                          .reason = (char *)reason,
                          .mail_id = mail_id};
    int result = fct_pauses_read(pauses, store, error);

    *first = false;
    /* Mails that were on their way together are one refusal. */
    if (!result && pause->until_us <= now_us) {
        *first = pause->until_us == 0;
        bar.until_us = now_us + span_us(pause->times, random);
        result = fct_store_bar(store, FCT_BAR_RELAY, &bar, now_us, error);
        pause->until_us = bar.until_us;
        pause->times++;
    }
    if (!result)
        *next_us =
            fct_pauses_closed(pauses, now_us) == fct_pauses_all(pauses) ? pause->until_us : now_us;
    return result;
}

int fct_pauses_taken(struct fct_pauses *pauses, unsigned relay, fct_store *store,
                     facteur_error **error)
{
    struct fct_pause *pause = &pauses->relays[relay];
    bool found;
    int result = 0;

    pause->throttled = 0;
    if (pause->until_us)
        result = fct_store_unbar(store, FCT_BAR_RELAY, pauses->plan->members[relay].relay.name,
                                 &found, error);
    if (!result)
        pause->until_us = pause->times = 0;
    return result;
}

facteur_error *fct_pauses_alarm(const struct fct_pauses *pauses, unsigned relay, const char *reason)
{
    time_t until = (time_t)(pauses->relays[relay].until_us / 1000000);
    facteur_error *error = NULL;
    char date[24] = "";
    struct tm parts;

    if (gmtime_r(&until, &parts))
        strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%SZ", &parts);
    fct_error_set(&error, FACTEUR_ETEMPORARY, "relay",
                  "relay: %s refuses this site's mails and gets none until %s: %s; mend SPF, DKIM, "
                  "DMARC or the name of the sending address, then run \"facteur outbox resume\"",
                  pauses->plan->members[relay].relay.name, date, reason ? reason : "");
    return error;
}
