internal import Glibc

extension ConfigurationFailure {
  /// What an errno of `open` or `read` means to the person who named the file.
  static func sentence(_ errno: Int32) -> String {
    switch errno {
    case ENOENT: "there is no such file"
    case EACCES, EPERM: "user \(geteuid()) has no permission to read it"
    case EISDIR: "it is a directory"
    case ENOTDIR: "a part of the path is not a directory"
    case ELOOP: "its symbolic links lead in a circle"
    case ENAMETOOLONG: "the path is too long"
    case EMFILE, ENFILE: "no file descriptor is left"
    case ENXIO: "it is not a regular file"
    case EIO: "the device reports an input/output error"
    default: "the system reports error \(errno)"
    }
  }
}
