/* SPDX-License-Identifier: MIT */
/* EHLO keywords: anything may be offered, nothing of an earlier offer may stay. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "smtp/capability.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fct_capabilities caps = {0};

    if (fct_capabilities_read(&caps, (fct_slice){(const char *)data, size}))
        abort();
    if (caps.text.len > size || (caps.mechanisms && !(caps.offers & FCT_OFFER_AUTH)) ||
        (caps.size_max && !(caps.offers & FCT_OFFER_SIZE)))
        abort();
    if (fct_capabilities_read(&caps, FCT_SLICE("relay")) || caps.offers || caps.mechanisms ||
        caps.size_max || caps.mail_max || caps.rcpt_max || caps.text.len)
        abort();
    fct_capabilities_done(&caps);
    return 0;
}
