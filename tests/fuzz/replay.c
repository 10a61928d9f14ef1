/* Runs a fuzzer over the files of the directories that are given: its corpus as an
 * ordinary test. Fails when there is no file. */
#include <dirent.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static int replay_file(const char *path)
{
	FILE *file = fopen(path, "rb");
	uint8_t *data = NULL;
	size_t capacity = 0;
	size_t len = 0;

	if (!file) {
		perror(path);
		return -1;
	}
	for (;;) {
		if (len == capacity) {
			capacity = capacity ? 2 * capacity : 4096;
			data = realloc(data, capacity);
			if (!data)
				abort();
		}
		size_t n = fread(data + len, 1, capacity - len, file);
		if (!n)
			break;
		len += n;
	}
	fclose(file);
	/* Exactly len bytes, so that a sanitizer sees one read too many. */
	data = realloc(data, len ? len : 1);
	LLVMFuzzerTestOneInput(data, len);
	free(data);
	return 0;
}

/* How many files of the directory were run; -1 when one could not be read. */
static int replay_directory(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	int n = 0;

	if (!dir) {
		perror(path);
		return -1;
	}
	while ((entry = readdir(dir)) && n >= 0) {
		char file[PATH_MAX];

		if (entry->d_name[0] == '.')
			continue;
		snprintf(file, sizeof(file), "%s/%s", path, entry->d_name);
		n = replay_file(file) ? -1 : n + 1;
	}
	closedir(dir);
	return n;
}

int main(int argc, char **argv)
{
	int total = 0;

	for (int i = 1; i < argc; i++) {
		int n = replay_directory(argv[i]);

		if (n < 0)
			return 1;
		total += n;
	}
	printf("%d inputs\n", total);
	return total ? 0 : 1;
}
