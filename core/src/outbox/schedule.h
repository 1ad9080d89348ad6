/* SPDX-License-Identifier: MIT */
/* When a mail that could not be sent is tried again.  Pure: time and randomness are arguments. */
#ifndef FCT_SCHEDULE_H
#define FCT_SCHEDULE_H

#include <stdint.h>

#define FCT_SCHEDULE_FIRST_US INT64_C(30000000)  /* after the first attempt */
#define FCT_SCHEDULE_MOST_US INT64_C(3600000000) /* between two attempts */

/*
 * The time of the next attempt: FIRST after the first, twice as long after each further one, at
 * most MOST, and up to a quarter less or more, so that mails that failed together do not come back
 * together.
 *
 * attempts     How often it was tried, at least 1.
 * expires_us   When the mail is given up, or 0 for never.
 * random       Any 32 bits.
 *
 * Returns 0 when that time would not be before expires_us: the mail has expired.
 */
int64_t fct_schedule_next(int64_t now_us, unsigned attempts, int64_t expires_us, uint32_t random);

#endif
