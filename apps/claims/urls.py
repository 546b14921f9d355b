from django.urls import path

from apps.claims import views

urlpatterns = [
    path("", views.form, name="form"),
    path("privacy/", views.privacy, name="privacy"),
    path("claims/<str:number>/", views.status, name="claim-status"),
    path("claims/<str:number>/receipt/", views.receipt, name="claim-receipt"),
]
