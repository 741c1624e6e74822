"""Where artifacts are sent and fetched: folders, web servers, S3, SFTP, the Hub."""
