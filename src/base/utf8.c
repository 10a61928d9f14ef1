#include "base/utf8.h"

#include <stddef.h>
#include <stdint.h>

/* The bytes of the character at text; 0 when there is none. A table of RFC 3629,
 * section 4: neither overlong forms nor surrogates, and nothing above U+10FFFF. */
static size_t character(const char *text)
{
	static const struct {
		uint8_t first_min, first_max, second_min, second_max;
		size_t len;
	} forms[] = {
		{0x01, 0x7f, 0, 0, 1},       {0xc2, 0xdf, 0x80, 0xbf, 2},
		{0xe0, 0xe0, 0xa0, 0xbf, 3}, {0xe1, 0xec, 0x80, 0xbf, 3},
		{0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3},
		{0xf0, 0xf0, 0x90, 0xbf, 4}, {0xf1, 0xf3, 0x80, 0xbf, 4},
		{0xf4, 0xf4, 0x80, 0x8f, 4},
	};
	const uint8_t *bytes = (const uint8_t *)text;

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		size_t len = forms[i].len;

		if (bytes[0] < forms[i].first_min || bytes[0] > forms[i].first_max)
			continue;
		if (len > 1 && (bytes[1] < forms[i].second_min || bytes[1] > forms[i].second_max))
			return 0;
		for (size_t j = 2; j < len; j++)
			if ((bytes[j] & 0xc0) != 0x80)
				return 0;
		return len;
	}
	return 0;
}

bool wg_utf8_valid(const char *text)
{
	while (*text) {
		size_t len = character(text);

		if (!len)
			return false;
		text += len;
	}
	return true;
}

void wg_utf8_mend(char *text)
{
	while (*text) {
		size_t len = character(text);

		if (!len)
			*text = '?';
		text += len ? len : 1;
	}
}
