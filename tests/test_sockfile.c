#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "wgtest.h"

#include "ctl/sockfile.h"

#define PATH_LEN sizeof(((struct wg_sockfile *)0)->path)

struct place {
	char folder[64];
	char path[PATH_LEN];
};

static int set_up(void **state)
{
	struct place *place = calloc(1, sizeof(*place));

	snprintf(place->folder, sizeof(place->folder), "/tmp/wg-sockfile-XXXXXX");
	assert_non_null(mkdtemp(place->folder));
	assert_int_equal(wg_sockfile_place(place->path, place->folder, "wg0"), 0);
	*state = place;
	return 0;
}

static int tear_down(void **state)
{
	struct place *place = *state;

	unlink(place->path);
	rmdir(place->folder);
	free(place);
	return 0;
}

/* A file that somebody listened at who is gone. */
static void leave_stale(const char *path)
{
	struct wg_sockfile file;
	int fd = wg_sockfile_listen(&file, path);

	assert_true(fd >= 0);
	close(fd);
}

static void test_the_socket_is_for_its_owner_alone(void **state)
{
	struct place *place = *state;
	mode_t mask = umask(0);
	struct wg_sockfile file;
	struct stat st;
	int fd = wg_sockfile_listen(&file, place->path);

	assert_true(fd >= 0);
	assert_int_equal(lstat(place->path, &st), 0);
	assert_true(S_ISSOCK(st.st_mode));
	assert_int_equal(st.st_mode & 077, 0);
	assert_int_equal(umask(mask), 0);
	close(fd);
}

/* wg removes a socket that is bound and does not listen, so none may ever be seen. */
static void test_it_is_nowhere_else_than_at_its_place(void **state)
{
	struct place *place = *state;
	struct wg_sockfile file;
	struct stat st;
	int fd = wg_sockfile_listen(&file, place->path);

	assert_true(fd >= 0);
	assert_int_equal(lstat(place->path, &st), 0);
	assert_int_equal(st.st_nlink, 1);
	close(fd);
}

static void test_missing_folders_are_made_and_readable(void **state)
{
	struct place *place = *state;
	mode_t mask = umask(077);
	struct wg_sockfile file;
	char inner[PATH_LEN];
	char path[PATH_LEN];
	struct stat st;
	int fd;

	assert_true(snprintf(inner, sizeof(inner), "%s/run", place->folder) < (int)sizeof(inner));
	assert_int_equal(wg_sockfile_place(path, inner, "wg0"), 0);
	fd = wg_sockfile_listen(&file, path);
	umask(mask);
	assert_true(fd >= 0);
	assert_int_equal(stat(inner, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0755);
	close(fd);
	wg_sockfile_remove(&file);
	assert_int_equal(rmdir(inner), 0);
}

static void test_a_stale_file_is_replaced(void **state)
{
	struct place *place = *state;
	struct wg_sockfile file;
	pid_t pid;
	int fd;

	leave_stale(place->path);
	assert_int_equal(wg_sockfile_owner(place->path, &pid), -ECONNREFUSED);
	fd = wg_sockfile_listen(&file, place->path);
	assert_true(fd >= 0);
	assert_true(wg_sockfile_exists(&file));
	close(fd);
}

static void test_a_live_socket_is_left_alone_and_names_its_process(void **state)
{
	struct place *place = *state;
	struct wg_sockfile file;
	struct wg_sockfile other;
	pid_t pid;
	int fd = wg_sockfile_listen(&file, place->path);

	assert_true(fd >= 0);
	assert_int_equal(wg_sockfile_listen(&other, place->path), -EADDRINUSE);
	assert_true(wg_sockfile_exists(&file));
	assert_int_equal(wg_sockfile_owner(place->path, &pid), 0);
	assert_int_equal(pid, getpid());
	close(fd);
}

static void test_a_listener_whose_queue_is_full_is_alive(void **state)
{
	struct place *place = *state;
	struct wg_sockfile file;
	int clients[200];
	size_t n = 0;
	pid_t pid;
	int fd = wg_sockfile_listen(&file, place->path);
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	bool full = false;

	assert_true(fd >= 0);
	memcpy(address.sun_path, place->path, sizeof(address.sun_path));
	while (!full && n < WG_ARRAY_LEN(clients)) {
		clients[n] = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
		full = connect(clients[n++], (struct sockaddr *)&address, sizeof(address)) < 0;
	}
	assert_true(full);
	assert_int_equal(wg_sockfile_owner(place->path, &pid), 0);
	while (n)
		close(clients[--n]);
	close(fd);
}

static void test_a_file_that_is_no_socket_is_left_alone(void **state)
{
	struct place *place = *state;
	struct wg_sockfile file;
	struct stat st;
	int fd = open(place->path, O_CREAT | O_WRONLY, 0600);

	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(wg_sockfile_listen(&file, place->path), -EEXIST);
	assert_int_equal(stat(place->path, &st), 0);
}

static void test_a_successors_file_is_not_removed(void **state)
{
	struct place *place = *state;
	struct wg_sockfile first;
	struct wg_sockfile second;
	int fd = wg_sockfile_listen(&first, place->path);
	int successor;

	assert_true(fd >= 0);
	assert_int_equal(unlink(place->path), 0);
	assert_false(wg_sockfile_exists(&first));
	successor = wg_sockfile_listen(&second, place->path);
	assert_true(successor >= 0);
	wg_sockfile_remove(&first);
	assert_true(wg_sockfile_exists(&second));
	wg_sockfile_remove(&second);
	assert_false(wg_sockfile_exists(&second));
	close(fd);
	close(successor);
}

static void test_a_socket_that_listens_can_be_adopted(void **state)
{
	struct place *place = *state;
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct wg_sockfile adopted;
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	int pair[2];

	strcpy(address.sun_path, place->path);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(fd, 1), 0);
	assert_int_equal(wg_sockfile_adopt(&adopted, fd), 0);
	assert_string_equal(adopted.path, place->path);
	assert_true(wg_sockfile_exists(&adopted));
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	assert_int_equal(wg_sockfile_adopt(&adopted, pair[0]), -EINVAL);
	assert_int_equal(wg_sockfile_adopt(&adopted, STDIN_FILENO), -ENOTSOCK);
	close(pair[0]);
	close(pair[1]);
	close(fd);
}

static void test_a_path_that_does_not_fit_is_refused(void **state)
{
	char folder[200];
	char path[PATH_LEN];

	(void)state;
	memset(folder, 'a', sizeof(folder) - 1);
	folder[sizeof(folder) - 1] = '\0';
	assert_int_equal(wg_sockfile_place(path, folder, "wg0"), -ENAMETOOLONG);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_the_socket_is_for_its_owner_alone),
		TEST(test_it_is_nowhere_else_than_at_its_place),
		TEST(test_missing_folders_are_made_and_readable),
		TEST(test_a_stale_file_is_replaced),
		TEST(test_a_live_socket_is_left_alone_and_names_its_process),
		TEST(test_a_listener_whose_queue_is_full_is_alive),
		TEST(test_a_file_that_is_no_socket_is_left_alone),
		TEST(test_a_successors_file_is_not_removed),
		TEST(test_a_socket_that_listens_can_be_adopted),
		TEST(test_a_path_that_does_not_fit_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
