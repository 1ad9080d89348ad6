/* SPDX-License-Identifier: MIT */
/* Any message as a report: what is read is printable, one line each, and within its bounds. */
#include <stdlib.h>
#include <string.h>

#include "mime/report.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

static void require(int holds)
{
    if (!holds)
        abort();
}

static void require_line(const char *text, size_t max)
{
    require(strlen(text) <= max);
    for (; *text; text++)
        require((unsigned char)*text >= ' ' && *text != 0x7f);
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    struct fct_report report;

    if (fct_report_read(&report, (fct_slice){(const char *)data, size}))
        return 0;
    require_line(report.envid, 998);
    require_line(report.message_id, 998);
    require_line(report.feedback, 998);
    require(report.recipient_count <= FCT_REPORT_RECIPIENTS_MAX);
    require(report.kind != FCT_REPORT_NONE || !report.recipient_count);
    for (size_t i = 0; i < report.recipient_count; i++) {
        require_line(report.recipients[i].address, 998);
        require_line(report.recipients[i].final, 998);
        require_line(report.recipients[i].diagnostic, FCT_REPORT_DIAGNOSTIC_MAX);
        require_line(report.recipients[i].action, 15);
        require_line(report.recipients[i].status, 11);
    }
    fct_report_done(&report);
    return 0;
}
