// The operator's page, inside the binary.
#pragma once

#include <stddef.h>

struct DuetPageFile {
    // Name under the page's folder, with its ending.
    const char *name;
    const unsigned char *bytes;
    size_t count;
};

extern const size_t duet_page_file_count;

// The first of them.
const struct DuetPageFile *duet_page_files_start(void);
