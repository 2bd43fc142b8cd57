#include "CMeshMessages.h"
