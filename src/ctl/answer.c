#include "ctl/answer.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "base/number.h"

static const char *const words[WG_ANSWER_OTHER] = {
	[WG_ANSWER_NOTE] = "note=", [WG_ANSWER_WARNING] = "warning=", [WG_ANSWER_ERROR] = "error=",
	[WG_ANSWER_HINT] = "hint=", [WG_ANSWER_ERRNO] = "errno=",
};

void wg_answer_add(struct wg_text *text, enum wg_answer_word word, const char *what)
{
	wg_text_printf(text, "%s%s\n", words[word], what);
}

void wg_answer_end(struct wg_text *text, int err)
{
	wg_text_printf(text, "%s%d\n\n", words[WG_ANSWER_ERRNO], -err);
}

enum wg_answer_word wg_answer_next(char **rest, const char **what)
{
	const char *line = strsep(rest, "\n");

	for (unsigned int word = 0; word < WG_ANSWER_OTHER; word++) {
		size_t len = strlen(words[word]);

		*what = line + len;
		if (!strncmp(line, words[word], len))
			return (enum wg_answer_word)word;
	}
	*what = line;
	return WG_ANSWER_OTHER;
}

int wg_answer_errno(const char *what)
{
	uint32_t number;

	return wg_number_parse(&number, INT16_MAX, what) ? -(int)number : -EPROTO;
}
