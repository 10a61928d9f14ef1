/* An answer to a request: whatever it is, reading it ends, within it, and its errno is none
 * that a caller would take for success by mistake. */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/answer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *answer = strndup((const char *)data, size);
	char *end = answer + strlen(answer);
	char *rest = answer;

	while (rest) {
		const char *what;
		enum wg_answer_word word = wg_answer_next(&rest, &what);

		assert(what >= answer && what <= end && what + strlen(what) <= end);
		if (word == WG_ANSWER_ERRNO)
			assert(wg_answer_errno(what) < 0 || strspn(what, "0") == strlen(what));
	}
	free(answer);
	return 0;
}
