/* SPDX-License-Identifier: MIT */
#include "mime/media.h"

#include <stddef.h>
#include <string.h>

static const struct {
    const char *ending;
    const char *type;
} table[] = {
    {"7z", "application/x-7z-compressed"},
    {"aac", "audio/aac"},
    {"avif", "image/avif"},
    {"bmp", "image/bmp"},
    {"bz2", "application/x-bzip2"},
    {"css", "text/css"},
    {"csv", "text/csv"},
    {"doc", "application/msword"},
    {"docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"},
    {"epub", "application/epub+zip"},
    {"gif", "image/gif"},
    {"gz", "application/gzip"},
    {"heic", "image/heic"},
    {"htm", "text/html"},
    {"html", "text/html"},
    {"ico", "image/vnd.microsoft.icon"},
    {"ics", "text/calendar"},
    {"jpeg", "image/jpeg"},
    {"jpg", "image/jpeg"},
    {"js", "text/javascript"},
    {"json", "application/json"},
    {"log", "text/plain"},
    {"m4a", "audio/mp4"},
    {"md", "text/markdown"},
    {"mov", "video/quicktime"},
    {"mp3", "audio/mpeg"},
    {"mp4", "video/mp4"},
    {"odp", "application/vnd.oasis.opendocument.presentation"},
    {"ods", "application/vnd.oasis.opendocument.spreadsheet"},
    {"odt", "application/vnd.oasis.opendocument.text"},
    {"oga", "audio/ogg"},
    {"ogg", "audio/ogg"},
    {"ogv", "video/ogg"},
    {"p7m", "application/pkcs7-mime"},
    {"p7s", "application/pkcs7-signature"},
    {"pdf", "application/pdf"},
    {"pkpass", "application/vnd.apple.pkpass"},
    {"png", "image/png"},
    {"ppt", "application/vnd.ms-powerpoint"},
    {"pptx", "application/vnd.openxmlformats-officedocument.presentationml.presentation"},
    {"rar", "application/vnd.rar"},
    {"rtf", "application/rtf"},
    {"svg", "image/svg+xml"},
    {"tar", "application/x-tar"},
    {"tif", "image/tiff"},
    {"tiff", "image/tiff"},
    {"txt", "text/plain"},
    {"vcf", "text/vcard"},
    {"wav", "audio/wav"},
    {"webm", "video/webm"},
    {"webp", "image/webp"},
    {"xls", "application/vnd.ms-excel"},
    {"xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"},
    {"xml", "application/xml"},
    {"yaml", "application/yaml"},
    {"yml", "application/yaml"},
    {"zip", "application/zip"},
};

const char *fct_media_type(fct_slice file_name)
{
    size_t at = file_name.len;

    while (at > 0 && file_name.ptr[at - 1] != '.')
        at--;
    for (size_t i = 0; at > 0 && i < sizeof table / sizeof table[0]; i++) {
        if (fct_slice_equal_nocase((fct_slice){file_name.ptr + at, file_name.len - at},
                                   fct_slice_of(table[i].ending)))
            return table[i].type;
    }
    return "application/octet-stream";
}

fct_slice fct_type_next(fct_slice *rest)
{
    fct_slice item = {rest->ptr, 0};
    bool quoted = false;
    size_t len = 0;

    for (; len < rest->len && (quoted || rest->ptr[len] != ';'); len++) {
        if (quoted && rest->ptr[len] == '\\')
            len++;
        else if (rest->ptr[len] == '"')
            quoted = !quoted;
    }
    item.len = len < rest->len ? len : rest->len;
    len = item.len + (item.len < rest->len);
    rest->ptr += len;
    rest->len -= len;
    return fct_slice_trim(item);
}

bool fct_type_is(fct_slice type, fct_slice name)
{
    return fct_slice_equal_nocase(fct_type_next(&type), name);
}

fct_slice fct_type_parameter(fct_slice type, fct_slice name)
{
    fct_type_next(&type);
    while (type.len) {
        fct_slice item = fct_type_next(&type), value;
        const char *equals = item.len ? memchr(item.ptr, '=', item.len) : NULL;
        size_t len = equals ? (size_t)(equals - item.ptr) : 0;

        if (!equals || !fct_slice_equal_nocase(fct_slice_trim((fct_slice){item.ptr, len}), name))
            continue;
        value = fct_slice_trim((fct_slice){equals + 1, item.len - len - 1});
        if (value.len >= 2 && value.ptr[0] == '"')
            value = (fct_slice){value.ptr + 1, value.len - 2};
        return value;
    }
    return (fct_slice){0};
}
