#include "base/nearest.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

/* Longer words are near to nothing. */
#define MAX_LEN 63

static size_t min(size_t a, size_t b)
{
	return a < b ? a : b;
}

static int fold(char c)
{
	return tolower((unsigned char)c);
}

/* The optimal string alignment distance, which counts a swap of neighbours as one
 * error; three rows of its table are enough. */
static size_t distance(const char *a, size_t a_len, const char *b, size_t b_len)
{
	size_t rows[3][MAX_LEN + 1];
	size_t *before = rows[0];
	size_t *above = rows[1];
	size_t *row = rows[2];

	for (size_t j = 0; j <= b_len; j++)
		above[j] = j;
	for (size_t i = 1; i <= a_len; i++) {
		size_t *oldest = before;

		row[0] = i;
		for (size_t j = 1; j <= b_len; j++) {
			size_t differs = fold(a[i - 1]) != fold(b[j - 1]);

			row[j] = min(min(above[j], row[j - 1]) + 1, above[j - 1] + differs);
			if (i > 1 && j > 1 && fold(a[i - 1]) == fold(b[j - 2]) &&
			    fold(a[i - 2]) == fold(b[j - 1]))
				row[j] = min(row[j], before[j - 2] + 1);
		}
		before = above;
		above = row;
		row = oldest;
	}
	return above[b_len];
}

const char *wg_nearest(const char *word, const char *const *words, size_t n)
{
	size_t len = strlen(word);
	size_t best_distance = MAX_LEN;
	const char *best = NULL;

	if (len > MAX_LEN)
		return NULL;
	for (size_t i = 0; i < n; i++) {
		size_t other = strlen(words[i]);
		size_t d;

		if (other > MAX_LEN)
			continue;
		d = distance(word, len, words[i], other);
		if (d < best_distance && 3 * d <= (len > other ? len : other)) {
			best_distance = d;
			best = words[i];
		}
	}
	return best;
}

bool wg_nearest_slipped(const char *word, const char *of)
{
	size_t same = 0;

	while (word[same] && fold(word[same]) == fold(of[same]))
		same++;
	if (!word[same])
		return false;
	if (same && fold(word[same]) == fold(word[same - 1]) &&
	    !strcasecmp(word + same + 1, of + same))
		return true;
	return of[same] && of[same + 1] && fold(word[same]) == fold(of[same + 1]) &&
	       fold(word[same + 1]) == fold(of[same]) &&
	       !strcasecmp(word + same + 2, of + same + 2);
}
