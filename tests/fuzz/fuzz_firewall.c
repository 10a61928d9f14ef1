/* A ruleset as nft lists it: whatever it is, reading it ends, and what is told of it is
 * text. */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "doctor/firewall.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *suspects = wg_firewall_suspects((const char *)data, size, 30567);

	assert(!suspects || (*suspects && !strchr(suspects, '\n')));
	free(suspects);
	return 0;
}
