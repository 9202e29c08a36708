/* Feeds every file of the folders or files named on the command line to a fuzz target: the corpus as an ordinary
 * test, where there is no libFuzzer.  Each input gets memory of exactly its size, so that the address sanitizer sees a
 * read beyond it. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

#define INPUT_MAX (16 * 1024 * 1024)

static int feed(const char *path, long size)
{
    FILE *f = fopen(path, "rb");
    unsigned char *data = size <= INPUT_MAX ? malloc(size ? (size_t)size : 1) : NULL;
    int ok = f && data && fread(data, 1, (size_t)size, f) == (size_t)size;
    if (ok)
        LLVMFuzzerTestOneInput(data, (size_t)size);
    else
        fprintf(stderr, "%s: cannot be read: %s\n", path, strerror(errno));
    free(data);
    if (f)
        fclose(f);
    return ok ? 0 : 1;
}

static int walk(const char *path, int *fed)
{
    struct stat st;
    if (stat(path, &st) != 0) {
        fprintf(stderr, "%s: %s\n", path, strerror(errno));
        return 1;
    }
    if (!S_ISDIR(st.st_mode)) {
        ++*fed;
        return feed(path, (long)st.st_size);
    }
    DIR *dir = opendir(path);
    int bad = dir == NULL;
    for (struct dirent *d; dir && (d = readdir(dir));) {
        char inside[4096];
        if (d->d_name[0] == '.')
            continue;
        int n = snprintf(inside, sizeof inside, "%s/%s", path, d->d_name);
        bad |= n < 0 || (size_t)n >= sizeof inside || walk(inside, fed);
    }
    if (dir)
        closedir(dir);
    return bad;
}

int main(int argc, char **argv)
{
    int fed = 0, bad = 0;
    for (int i = 1; i < argc; i++)
        bad |= walk(argv[i], &fed);
    printf("%d inputs\n", fed);
    return bad || fed == 0;
}
