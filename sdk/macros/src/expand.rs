//! The code that the derive macro writes.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::{Data, DeriveInput, Error, Fields, Ident, Result};

use crate::attributes::{Next, Told, read};

pub(crate) fn fault(input: &DeriveInput) -> Result<TokenStream> {
    let name = &input.ident;
    let arms = match &input.data {
        Data::Enum(of) => {
            let arms = of.variants.iter().map(|variant| {
                let told = read(&variant.attrs, &variant.fields, variant.ident.span())?;
                let variant_name = &variant.ident;
                Ok(arm(&quote!(Self::#variant_name), &variant.fields, &told))
            });
            collect(arms)?
        }
        Data::Struct(of) => {
            let told = read(&input.attrs, &of.fields, name.span())?;
            vec![arm(&quote!(Self), &of.fields, &told)]
        }
        Data::Union(_) => {
            return Err(Error::new(name.span(), "a union is no error: use an enum or a structure"));
        }
    };
    let body = match arms.is_empty() {
        // Nobody has a value of it.
        true => quote!(match self {}),
        false => quote!(match self { #(#arms)* }),
    };
    let (generics, arguments, bounds) = input.generics.split_for_impl();
    Ok(quote! {
        #[automatically_derived]
        impl #generics ::aegis_sdk::IntoFault for #name #arguments #bounds {
            fn into_fault(self) -> ::aegis_sdk::Fault {
                #body
            }
        }
    })
}

/// All errors at once, so that one build shows them all.
fn collect(arms: impl Iterator<Item = Result<TokenStream>>) -> Result<Vec<TokenStream>> {
    let (mut good, mut bad): (Vec<_>, Option<Error>) = (Vec::new(), None);
    for arm in arms {
        match (arm, &mut bad) {
            (Ok(arm), _) => good.push(arm),
            (Err(error), Some(bad)) => bad.combine(error),
            (Err(error), None) => bad = Some(error),
        }
    }
    bad.map_or(Ok(good), Err)
}

fn arm(path: &TokenStream, fields: &Fields, told: &Told) -> TokenStream {
    match told {
        Told::Code { code, details, next } => {
            let next = match next {
                Next::Policy => quote!(),
                Next::Never => quote!(.for_good()),
                Next::AfterMs(ms) => quote!(.after(::core::time::Duration::from_millis(#ms))),
            };
            let (pattern, details) = match details {
                true => with_details(path, fields),
                false => (quote!(#path { .. }), quote!()),
            };
            quote! {
                #pattern => {
                    let fault = ::aegis_sdk::Fault::new(#code, ::std::string::ToString::to_string(&self)) #next #details;
                    match ::std::error::Error::source(&self) {
                        ::core::option::Option::Some(source) => fault.because(source),
                        ::core::option::Option::None => fault,
                    }
                }
            }
        }
        Told::Nested => {
            let member = fields.members().next();
            quote!(#path { #member: inner } => ::aegis_sdk::IntoFault::into_fault(inner),)
        }
        Told::Internal => quote!(#path { .. } => ::aegis_sdk::Fault::internal(&self),),
    }
}

/// The pattern that names the fields, and what writes them as JSON.
fn with_details(path: &TokenStream, fields: &Fields) -> (TokenStream, TokenStream) {
    let (members, names): (Vec<_>, Vec<Ident>) = fields
        .members()
        .enumerate()
        .map(|(index, member)| {
            let name = format_ident!("field_{index}");
            (member, name)
        })
        .unzip();
    let pattern = quote!(#path { #(#members: ref #names),* });
    let value = match (fields, names.as_slice()) {
        (Fields::Named(_), _) => {
            let keys = fields.iter().filter_map(|field| Some(field.ident.as_ref()?.to_string()));
            quote!(::aegis_sdk::fault::details([#((#keys, ::aegis_sdk::fault::detail(#names))),*]))
        }
        (_, [only]) => quote!(#only),
        _ => quote!([#(::aegis_sdk::fault::detail(#names)),*]),
    };
    (pattern, quote!(.with_details(#value)))
}
