#include "base/number.h"

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return 16;
}

static bool parse(uint32_t *number, uint32_t max, int base, const char *text)
{
	uint64_t value = 0;

	if (!*text)
		return false;
	for (; *text; text++) {
		if (digit(*text) >= base)
			return false;
		value = (uint64_t)base * value + (uint64_t)digit(*text);
		if (value > max)
			return false;
	}
	*number = (uint32_t)value;
	return true;
}

bool wg_number_parse(uint32_t *number, uint32_t max, const char *text)
{
	return parse(number, max, 10, text);
}

bool wg_number_parse_any(uint32_t *number, uint32_t max, const char *text)
{
	if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X'))
		return parse(number, max, 16, text + 2);
	return parse(number, max, 10, text);
}
