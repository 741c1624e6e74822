"""Places to send artifacts to and fetch them from: folders, web servers, S3, SFTP, the Hub."""
