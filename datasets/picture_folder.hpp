// A folder of one's own pictures as a data set.
#pragma once
#include <filesystem>

#include "datasets/dataset.hpp"

namespace tapestry {

enum class Unreadable { refuse, skip };

// All PNG and JPEG files of a folder as pictures of this shape, (1, H, W) grey or (3, H, W) colour: cut and resized as
// datasets/picture_file.hpp says. Its sub-folders, in the order of their names, are the classes, with all that lies
// below them; where there are none the folder is one class. Pictures are in the order of their paths; links to files
// are followed, and to folders only where they are classes; what is hidden (.name) is passed over, and the notes name
// files that are called otherwise than .png, .jpg or .jpeg. Unreadable files are refused all at once, or skipped and
// named in a note. Error when there is no picture, when pictures lie beside the classes, or for more than 256 classes.
Dataset load_picture_folder(const std::filesystem::path& folder, const Shape& picture_shape,
                            Unreadable unreadable = Unreadable::refuse);

}  // namespace tapestry
