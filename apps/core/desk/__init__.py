"""What the staff's pages share: the admin site, its login, and the base classes of the apps' admin pages."""
