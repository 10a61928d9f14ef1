/* The root is emptied by the engine and not by the keeper before exec, which needs the dynamic
 * loader and the libraries by their paths. */
#include <errno.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/bytes.h"
#include "confine/layers.h"

#define FLAGS (MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC)

/* A folder to put it on, which is out of sight in a moment. Some systems lack some of them. */
static const char *find_place(void)
{
	static const char *const places[] = {"/tmp", "/run", "/proc", "/dev"};

	for (size_t i = 0; i < WG_ARRAY_LEN(places); i++)
		if (mount("tmpfs", places[i], "tmpfs", FLAGS, "size=4k,nr_inodes=2,mode=0555") == 0)
			return places[i];
	return NULL;
}

int wg_confine_empty_root(void)
{
	const char *place;

	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return -errno;
	place = find_place();
	/* Old and new root in one place: pivot_root(2), "pivot_root(".", ".")". */
	if (!place || chdir(place) < 0 || syscall(SYS_pivot_root, ".", ".") < 0 ||
	    umount2(".", MNT_DETACH) < 0 || chdir("/") < 0)
		return -errno;
	return 0;
}
