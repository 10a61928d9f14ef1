/* In the place of libnftables: it takes as long as there is a file of the name in
 * SLOW_NFTABLES, tells of that by a file NAME.seen, and changes nothing. */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct nft_ctx;
struct nft_ctx *nft_ctx_new(uint32_t flags);
int nft_ctx_buffer_error(struct nft_ctx *ctx);
const char *nft_ctx_get_error_buffer(struct nft_ctx *ctx);
int nft_ctx_buffer_output(struct nft_ctx *ctx);
const char *nft_ctx_get_output_buffer(struct nft_ctx *ctx);
void nft_ctx_output_set_flags(struct nft_ctx *ctx, unsigned int flags);
int nft_run_cmd_from_buffer(struct nft_ctx *ctx, const char *commands);

#define VISIBLE __attribute__((visibility("default")))

VISIBLE struct nft_ctx *nft_ctx_new(uint32_t flags)
{
	static int context;

	(void)flags;
	return (struct nft_ctx *)&context;
}

VISIBLE int nft_ctx_buffer_error(struct nft_ctx *ctx)
{
	(void)ctx;
	return 0;
}

VISIBLE const char *nft_ctx_get_error_buffer(struct nft_ctx *ctx)
{
	(void)ctx;
	return "";
}

VISIBLE int nft_ctx_buffer_output(struct nft_ctx *ctx)
{
	(void)ctx;
	return 0;
}

VISIBLE const char *nft_ctx_get_output_buffer(struct nft_ctx *ctx)
{
	(void)ctx;
	return "";
}

VISIBLE void nft_ctx_output_set_flags(struct nft_ctx *ctx, unsigned int flags)
{
	(void)ctx;
	(void)flags;
}

VISIBLE int nft_run_cmd_from_buffer(struct nft_ctx *ctx, const char *commands)
{
	const char *name = getenv("SLOW_NFTABLES");
	char seen[256];

	(void)ctx;
	(void)commands;
	snprintf(seen, sizeof(seen), "%s.seen", name ? name : "");
	while (name && !access(name, F_OK)) {
		close(open(seen, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
		usleep(10000);
	}
	return 0;
}
