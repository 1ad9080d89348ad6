/* SPDX-License-Identifier: MIT */
#include "base/base64.h"

#include "base/block.h"
#include "facteur.h"

#include <stdint.h>

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define BLOCK_IN 12
#define BLOCK_READ 14 /* the second word ends two bytes behind what is encoded */

typedef uint64_t words __attribute__((vector_size(16)));

/* Six bytes of each word become eight numbers of six bits, halved until each has its own byte. */
static void encode_block(char *out, const unsigned char *in)
{
    uint64_t pair[2];
    words bits;
    fct_block digits;

    memcpy(&pair[0], in, 8);
    memcpy(&pair[1], in + BLOCK_IN / 2, 8);
    bits = (words){__builtin_bswap64(pair[0]), __builtin_bswap64(pair[1])};
    bits = bits >> 40 | (bits << 16 & 0x00ffffff00000000U);
    bits = (bits >> 12 & 0x00000fff00000fffU) | (bits << 16 & 0x0fff00000fff0000U);
    bits = (bits >> 6 & 0x003f003f003f003fU) | (bits << 8 & 0x3f003f003f003f00U);
    digits = (fct_block)bits;
    digits += 'A' + ((digits > 25) & ('a' - 'A' - 26)) + ((digits > 51) & ('0' - 'a' - 26)) +
              ((digits > 61) & ('+' - '0' - 10)) + ((digits > 62) & ('/' - '+' - 1));
    memcpy(out, &digits, sizeof digits);
}
#endif

size_t fct_base64_encode(char *out, const void *bytes, size_t len)
{
    const unsigned char *in = bytes;
    char *start = out;

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    for (; len >= BLOCK_READ; len -= BLOCK_IN, in += BLOCK_IN, out += FCT_BLOCK_SIZE)
        encode_block(out, in);
#endif

    for (; len >= 3; len -= 3, in += 3) {
        uint32_t bits = (uint32_t)in[0] << 16 | (uint32_t)in[1] << 8 | in[2];

        *out++ = alphabet[bits >> 18];
        *out++ = alphabet[bits >> 12 & 63];
        *out++ = alphabet[bits >> 6 & 63];
        *out++ = alphabet[bits & 63];
    }
    if (len) {
        uint32_t bits = (uint32_t)in[0] << 16 | (len == 2 ? (uint32_t)in[1] << 8 : 0);

        *out++ = alphabet[bits >> 18];
        *out++ = alphabet[bits >> 12 & 63];
        *out++ = len == 2 ? alphabet[bits >> 6 & 63] : '=';
        *out++ = '=';
    }
    return (size_t)(out - start);
}

static int value_of(char digit)
{
    if (digit >= 'A' && digit <= 'Z')
        return digit - 'A';
    if (digit >= 'a' && digit <= 'z')
        return digit - 'a' + 26;
    if (digit >= '0' && digit <= '9')
        return digit - '0' + 52;
    if (digit == '+')
        return 62;
    return digit == '/' ? 63 : -1;
}

int fct_base64_decode(fct_buf *out, fct_slice text)
{
    if (text.len % 4)
        return FACTEUR_EPROTOCOL;
    for (size_t i = 0; i < text.len; i += 4) {
        int last = i + 4 == text.len;
        int pad = last && text.ptr[i + 3] == '=' ? (text.ptr[i + 2] == '=' ? 2 : 1) : 0;
        uint32_t bits = 0;
        char bytes[3];
        int result;

        for (int k = 0; k < 4; k++) {
            int value = k >= 4 - pad ? 0 : value_of(text.ptr[i + (size_t)k]);

            if (value < 0)
                return FACTEUR_EPROTOCOL;
            bits = bits << 6 | (uint32_t)value;
        }
        if ((pad == 1 && (bits & 0xff)) || (pad == 2 && (bits & 0xffff)))
            return FACTEUR_EPROTOCOL;
        bytes[0] = (char)(bits >> 16);
        bytes[1] = (char)(bits >> 8 & 0xff);
        bytes[2] = (char)(bits & 0xff);
        result = fct_buf_add(out, bytes, (size_t)(3 - pad));
        if (result)
            return result;
    }
    return 0;
}
