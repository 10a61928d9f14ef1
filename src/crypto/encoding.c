#include "crypto/encoding.h"

#include <string.h>

#include <sodium.h>

void wg_hex_encode(char *text, const uint8_t *bytes, size_t len)
{
	sodium_bin2hex(text, WG_HEX_LEN(len) + 1, bytes, len);
}

bool wg_hex_decode(uint8_t *bytes, size_t len, const char *text)
{
	size_t decoded;

	if (strlen(text) == WG_HEX_LEN(len) &&
	    !sodium_hex2bin(bytes, len, text, WG_HEX_LEN(len), NULL, &decoded, NULL) &&
	    decoded == len)
		return true;
	sodium_memzero(bytes, len);
	return false;
}

void wg_key_encode(char text[static WG_KEY_BASE64_LEN + 1], const uint8_t key[static WG_KEY_LEN])
{
	sodium_bin2base64(text, WG_KEY_BASE64_LEN + 1, key, WG_KEY_LEN,
			  sodium_base64_VARIANT_ORIGINAL);
}

bool wg_key_decode(uint8_t key[static WG_KEY_LEN], const char *text)
{
	size_t decoded;

	if (strlen(text) == WG_KEY_BASE64_LEN &&
	    !sodium_base642bin(key, WG_KEY_LEN, text, WG_KEY_BASE64_LEN, NULL, &decoded, NULL,
			       sodium_base64_VARIANT_ORIGINAL) &&
	    decoded == WG_KEY_LEN)
		return true;
	sodium_memzero(key, WG_KEY_LEN);
	return false;
}
