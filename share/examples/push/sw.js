// The service worker of a site that notices of omni reach: it shows what
// omni-send-push sent, and opens its link.  It must lie at the top of the site,
// /sw.js, so that it is for all of it.

self.addEventListener('push', (event) => {
  // {"title", "body", "url", "tag", "lang"}; url may be missing.
  const notice = event.data.json();
  event.waitUntil(self.registration.showNotification(notice.title || '', {
    body: notice.body,
    // What is newer about the same appointment takes the place of the older.
    tag: notice.tag,
    renotify: true,
    lang: notice.lang,
    data: { url: notice.url },
  }));
});

self.addEventListener('notificationclick', (event) => {
  event.notification.close();
  const url = event.notification.data.url;
  if (url) {
    event.waitUntil(self.clients.openWindow(url));
  }
});
