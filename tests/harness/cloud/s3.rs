//! S3: the crate `s3s` implements the protocol, signatures and XML. The store is implemented here, because the tests
//! depend on its conditional writes, multipart rules and checksums.

mod access;
mod api;
mod checksum;
mod conditions;
mod listing;
mod multipart;
mod object;
mod receive_body;
mod store;
mod upload_store;

use std::sync::Arc;

use s3s::auth::SimpleAuth;
use s3s::service::S3ServiceBuilder;

use self::access::RoleAccess;
pub(crate) use self::access::{RECEIVER_KEYS, SUBMIT_KEYS};
pub(super) use self::store::Store;
use super::{handler::Handler, services::ROLE_KEYS};

/// Serves the store. Accepts the credentials of the account, of the functions with few rights, and of an assumed role.
pub(super) fn handler(store: Arc<Store>, access_key_id: &str, secret_access_key: &str) -> Handler {
    let mut builder = S3ServiceBuilder::new(api::Api::new(store));
    let mut auth = SimpleAuth::from_single(access_key_id, secret_access_key);
    for (role_key, role_secret) in [ROLE_KEYS, SUBMIT_KEYS, RECEIVER_KEYS] {
        auth.register(role_key.into(), role_secret.into());
    }
    builder.set_auth(auth);
    builder.set_access(RoleAccess);
    let service = builder.build();
    Arc::new(move |request| {
        let service = service.clone();
        Box::pin(async move { Ok(service.call(request).await?) })
    })
}
