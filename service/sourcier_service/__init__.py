"""READ: question -> passages -> answer with citations -> API and page."""
