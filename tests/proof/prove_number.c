/* Numbers in text of up to 6 characters, one digit more than any of 16 bits has: what is
 * taken is the number that the digits write, at most max; what is refused leaves the
 * result alone. */
#include "base/number.h"

#include "proof.h"

#define MAX_LEN 6

int main(void)
{
	char text[MAX_LEN + 1];
	uint32_t max = nondet_bool() ? UINT8_MAX : UINT16_MAX;
	uint32_t before = nondet_uint32_t();
	uint32_t number = before;
	uint64_t value = 0;
	bool digits = true;
	size_t len = 0;
	bool taken;

	text[MAX_LEN] = '\0';
	while (text[len]) {
		digits &= text[len] >= '0' && text[len] <= '9';
		if (digits)
			value = 10 * value + (uint64_t)(text[len] - '0');
		len++;
	}
	taken = wg_number_parse(&number, max, text);
	prove(taken == (len > 0 && digits && value <= max), "numbers are taken, and nothing else");
	prove(number == (taken ? value : before), "and are what is written");
	return 0;
}
