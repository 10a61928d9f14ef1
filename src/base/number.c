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

static bool parse(uint64_t *number, uint64_t max, uint64_t base, const char *text)
{
	uint64_t value = 0;

	if (!*text)
		return false;
	for (; *text; text++) {
		uint64_t next = (uint64_t)digit(*text);

		if (next >= base || next > max || value > (max - next) / base)
			return false;
		value = base * value + next;
	}
	*number = value;
	return true;
}

static bool parse_short(uint32_t *number, uint32_t max, uint64_t base, const char *text)
{
	uint64_t value;

	if (!parse(&value, max, base, text))
		return false;
	*number = (uint32_t)value;
	return true;
}

bool wg_number_parse(uint32_t *number, uint32_t max, const char *text)
{
	return parse_short(number, max, 10, text);
}

bool wg_number_parse_long(uint64_t *number, uint64_t max, const char *text)
{
	return parse(number, max, 10, text);
}

bool wg_number_parse_any(uint32_t *number, uint32_t max, const char *text)
{
	if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X'))
		return parse_short(number, max, 16, text + 2);
	return parse_short(number, max, 10, text);
}
